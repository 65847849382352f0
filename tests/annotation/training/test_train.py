"""Both trainers: accuracy on shifted data, determinism, small and unusual input."""

import json
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.model.artifact import sidecar_path
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.errors import InputError, LabelColumnError
from tests.annotation.conftest import as_adata, simulate

Simulated = tuple[AnnData, AnnData, np.ndarray]


def accuracy(adata: AnnData, truth: np.ndarray) -> float:
    return float((adata.obs[columns.PREDICTED].astype(str).to_numpy() == truth).mean())


def test_a_matched_model_is_more_accurate_than_the_recipe(simulated: Simulated, trained: Path, recipe: Path) -> None:
    matched = annotate_celltypist(simulated[1], custom_model_path=trained, copy=True)
    plain = annotate_celltypist(simulated[1], custom_model_path=recipe, copy=True)
    assert accuracy(matched, simulated[2]) > 0.9
    assert accuracy(matched, simulated[2]) >= accuracy(plain, simulated[2])


@pytest.mark.parametrize("trainer", ["celltypist", "logistic"])
def test_the_same_seed_gives_the_same_bytes_and_the_global_seed_is_unchanged(
    simulated: Simulated, trainer: str, tmp_path: Path
) -> None:
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    coefs = []
    for name in ("a", "b"):
        query = simulated[1] if trainer == "logistic" else None
        result = train_celltypist_model(
            simulated[0], output_path=tmp_path / f"{name}.pkl", trainer=trainer, query=query
        )
        coefs.append(result["model"].linear.coef)
    assert np.array_equal(*coefs)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_the_sidecar_describes_the_model(trained: Path) -> None:
    content = json.loads(sidecar_path(trained).read_text())
    assert content["classes"] == [f"type {i}" for i in range(5)]
    assert set(content["ontology_ids"]) == set(content["classes"])
    assert content["platform"]["matched_to"] == "query"
    assert 0.8 < content["heldout"]["accuracy"] <= 1
    assert content["training"]["n_cells"] == 900
    assert content["random_state"] == 42
    colors = json.loads((trained.parent / "simulated_colors.json").read_text())
    assert len(set(colors.values())) == 5


@pytest.mark.parametrize("depths", [None, 120.0, [50, 100, 400]])
def test_training_on_a_reference_without_a_query(simulated: Simulated, depths: object, tmp_path: Path) -> None:
    result = train_celltypist_model(simulated[0], output_path=tmp_path / "m.pkl", trainer="logistic", depths=depths)
    called = annotate_celltypist(
        simulated[1], custom_model_path=result["model_path"], confidence_transform="calibrated", copy=True
    )
    assert accuracy(called, simulated[2]) > 0.8


@pytest.mark.parametrize("trainer", ["celltypist", "logistic"])
@pytest.mark.parametrize(("n_types", "n_genes", "n"), [(2, 30, 40), (30, 40, 300), (3, 400, 60)])
def test_small_data_trains(trainer: str, n_types: int, n_genes: int, n: int, rng: np.random.Generator) -> None:
    counts, types, profiles = simulate(n, n_types, n_genes, 800, rng)
    types[:n_types] = np.arange(n_types)
    query = as_adata(*simulate(100, n_types, n_genes, 60, rng, profiles)[:2], logged=False)
    query = query if trainer == "logistic" else None
    result = train_celltypist_model(as_adata(counts, types), trainer=trainer, query=query)
    assert len(result["classes"]) == n_types
    assert np.isfinite(result["model"].linear.coef).all()
    assert result["model_path"] is None


def test_a_homogeneous_query_is_not_estimated_as_ambient(simulated: Simulated, tmp_path: Path) -> None:
    only = simulated[1][simulated[2] == "type 1"].copy()
    result = train_celltypist_model(simulated[0], output_path=tmp_path / "m.pkl", trainer="logistic", query=only)
    called = annotate_celltypist(only, custom_model_path=result["model_path"])
    assert accuracy(called, np.full(only.n_obs, "type 1")) > 0.9


def test_a_reference_without_counts_trains(simulated: Simulated, tmp_path: Path) -> None:
    reference = simulated[0].copy()
    del reference.layers[columns.COUNTS]
    result = train_celltypist_model(reference, output_path=tmp_path / "m.pkl", trainer="logistic", query=simulated[1])
    called = annotate_celltypist(simulated[1], custom_model_path=result["model_path"], copy=True)
    assert accuracy(called, simulated[2]) > 0.9


def test_labels_that_cannot_be_trained_on_are_an_error(simulated: Simulated) -> None:
    adata = simulated[0].copy()
    with pytest.raises(LabelColumnError, match="Label column not found"):
        train_celltypist_model(adata, "no_such_column")
    adata.obs["one"] = "B cell"
    with pytest.raises(LabelColumnError, match="only 'B cell'"):
        train_celltypist_model(adata, "one")
    with pytest.raises(InputError, match="depths"):
        train_celltypist_model(adata, trainer="logistic", depths=-3)
    with pytest.raises(InputError, match="depths has no effect with trainer='celltypist'"):
        train_celltypist_model(simulated[0], depths=100)


def test_cells_without_a_label_are_left_out(simulated: Simulated) -> None:
    adata = simulated[0].copy()
    adata.obs.loc[adata.obs_names[:100], columns.UNIFIED_CELL_TYPE] = np.nan
    result = train_celltypist_model(adata, trainer="logistic", depths=100)
    assert result["summary"]["n_cells"] == 800
    assert "nan" not in result["classes"]


def test_the_name_of_a_model_cannot_be_a_path(simulated: Simulated, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    for name in ("../other", "..", "a/b"):
        with pytest.raises(InputError, match="the model name"):
            train_celltypist_model(simulated[0], model_name=name, output_path=tmp_path / "models", trainer="celltypist")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "models"]
