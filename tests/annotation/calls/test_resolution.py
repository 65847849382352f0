"""Pairs that cannot be told apart, and the ancestor that stands for them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls.resolution import Resolution, as_one_class, common_term, confusable_pairs
from spatialcore.annotation.model.artifact import load_model, save_model
from spatialcore.annotation.model.calibration import margin
from spatialcore.annotation.ontology.hierarchy import name_of
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.errors import ModelError
from tests.annotation.conftest import as_adata, simulate

CD4, CD8, B = "CL:0000624", "CL:0000625", "CL:0000236"


def test_a_pair_is_confusable_by_its_rates_not_by_its_sizes() -> None:
    pairs = confusable_pairs([[6, 4, 0], [100, 900, 0], [0, 0, 50]], ("a", "b", "c"))
    assert pairs == [{"classes": ["a", "b"], "share": 0.25}]
    assert confusable_pairs(np.eye(3) * 9, ("a", "b", "c")) == []


def test_only_a_near_ancestor_stands_for_a_pair() -> None:
    assert name_of(common_term(CD4, CD8)) == "mature alpha-beta T cell"
    assert common_term("CL:0000057", "CL:0000066") == ""  # fibroblast, epithelial cell: nothing but "cell"
    assert common_term(CD4, "") == ""


def test_only_cells_between_the_two_are_merged() -> None:
    known = {"heldout": {"confusion": [[5, 5, 0], [5, 5, 0], [0, 0, 9]]}}
    resolution = Resolution.of_model(("x", "y", "z"), {"x": CD4, "y": CD8, "z": B}, known)
    scores = np.array([[2.0, 1.9, 0.0], [9.0, 1.0, 0.0], [2.0, 0.0, 1.9]])
    ancestor, second = resolution.merge(scores, scores.argmax(axis=1), 1.0)
    assert ancestor.tolist() == [0, -1, -1]
    assert second.tolist() == [1, 1, 2]


def test_the_two_as_one_class_have_the_sum_of_their_probabilities(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(5, 4))
    best, second = np.argsort(-scores, axis=1)[:, 0], np.argsort(-scores, axis=1)[:, 1]
    shares = np.exp(scores / 2) / np.exp(scores / 2).sum(axis=1, keepdims=True)
    both = np.sort(shares, axis=1)[:, -2:].sum(axis=1)
    joined = as_one_class(scores, best, second, np.ones(5, bool), 2.0)
    np.testing.assert_allclose(margin(joined, best, 2.0), np.log(both / (1 - both)))


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AnnData, np.ndarray]:
    """Return a model of three types, two of them nearly alike, and a query."""
    rng = np.random.default_rng(5)
    _, _, profiles = simulate(1, 3, 60, 100, rng)
    profiles[1] = profiles[0] * rng.lognormal(0, 0.15, 60)
    profiles[1] /= profiles[1].sum()
    reference = as_adata(*simulate(900, 3, 60, 1500, rng, profiles)[:2])
    counts, truth, _ = simulate(600, 3, 60, 100, rng, profiles)
    query = as_adata(counts, truth, logged=False)
    path = tmp_path_factory.mktemp("twins") / "twins.pkl"
    trained = train_celltypist_model(reference, output_path=path, trainer="logistic", query=query)
    ids = {"type 0": CD4, "type 1": CD8, "type 2": B}
    save_model(replace(trained["model"], ontology_ids=ids), path)
    return path, query, truth


def test_an_ancestor_is_right_where_the_class_was_a_coin_toss(twins: tuple[Path, AnnData, np.ndarray]) -> None:
    path, query, truth = twins
    options = {"custom_model_path": path, "min_confidence": 0, "confidence_transform": "calibrated", "copy": True}
    forced, auto = annotate_celltypist(query, **options), annotate_celltypist(query, resolution="auto", **options)
    called = auto.obs[columns.CELL_TYPE].astype(str).to_numpy()
    merged = called == "mature alpha-beta T cell"
    assert merged[truth < 2].mean() > 0.4
    assert not merged[truth == 2].any()
    assert auto.obs[columns.PREDICTED].astype(str).equals(forced.obs[columns.PREDICTED].astype(str))
    row = auto.obs[merged].iloc[0]
    assert row[columns.ONTOLOGY_ID] == "CL:0000791"
    assert row[columns.ONTOLOGY_LABEL] == "mature alpha-beta T cell"
    own = np.array(["type 0", "type 1", "type 2"])[truth]
    right_forced = forced.obs[columns.CELL_TYPE].astype(str).to_numpy() == own
    assert ((called == own) | merged).mean() > right_forced.mean() + 0.05
    sure = auto.obs[columns.CONFIDENCE].to_numpy()[merged].mean()
    assert sure > forced.obs[columns.CONFIDENCE].to_numpy()[merged].mean() + 0.1


def test_a_model_that_does_not_know_its_confusions_says_so(recipe: Path, world: tuple[AnnData, ...]) -> None:
    assert "heldout" not in load_model(recipe).metadata
    with pytest.raises(ModelError, match="resolution='auto'"):
        annotate_celltypist(world[1].copy(), custom_model_path=recipe, resolution="auto")
