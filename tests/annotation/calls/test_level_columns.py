"""Calls at every level, as columns of obs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation import run_manifest, stages
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls import levels
from spatialcore.annotation.calls.level_columns import apply_threshold, class_tree, write_levels
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.choices import ResolutionMode
from spatialcore.annotation.config import AnnotationSettings
from spatialcore.annotation.model.artifact import load_model, save_model
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.errors import InputError, ModelError
from tests.annotation.conftest import as_adata, simulate

CD4, CD8, B, MK = "CL:0000624", "CL:0000625", "CL:0000236", "CL:0000556"
T_CELL = "mature alpha-beta T cell"


@pytest.fixture
def four_cells() -> AnnData:
    """Return four cells with confidence in their class, its parent, its grandparent, and none."""
    tree = ClassTree.build(("CD4", "CD8", "B", "MK"), {"CD4": CD4, "CD8": CD8, "B": B, "MK": MK})
    assert tree.names[4:] == (T_CELL, "lymphocyte")
    obs = pd.DataFrame(
        {
            columns.CELL_TYPE: ["CD4", "CD4", "CD8", "B", "Unassigned"],
            columns.PREDICTED: ["CD4", "CD4", "CD8", "B", "Unassigned"],
            columns.CONFIDENCE: [0.9, 0.6, 0.5, 0.3, 0.0],
        },
        index=list("abcde"),
    )
    adata = AnnData(np.ones((5, 2), dtype=np.float32), obs)
    nan = np.nan
    path = np.array([[0.9, 0.95, 1.0], [0.6, 0.85, 0.9], [0.5, 0.7, 0.9], [0.3, 0.6, nan], [0, 0, 0]])
    write_levels(adata, tree, path, 0.8)
    return adata


def test_each_level_has_its_call_and_confidence(four_cells: AnnData) -> None:
    obs = four_cells.obs
    assert obs["cell_type_level_1"].tolist() == ["lymphocyte", "lymphocyte", "lymphocyte", "Unassigned", "Unassigned"]
    assert obs["cell_type_level_2"].tolist() == [T_CELL, T_CELL, "Unassigned", "Unassigned", "Unassigned"]
    assert obs["cell_type_level_3"].tolist() == ["CD4", *["Unassigned"] * 4]
    assert obs["cell_type_level_1_confidence"].tolist() == [1.0, 0.9, 0.9, 0.6, 0.0]
    assert obs["cell_type_level_2_confidence"].tolist() == [0.95, 0.85, 0.7, 0.3, 0.0]
    assert obs[columns.PATH].tolist() == [
        f"lymphocyte > {T_CELL} > CD4",
        f"lymphocyte > {T_CELL}",
        "lymphocyte",
        "",
        "",
    ]
    assert obs[columns.CELL_TYPE].tolist() == ["CD4", "CD4", "CD8", "B", "Unassigned"]  # classes are unchanged


def test_auto_calls_the_finest_term_above_the_threshold(four_cells: AnnData) -> None:
    apply_threshold(four_cells, 0.8, "auto")
    obs = four_cells.obs
    assert obs[columns.CELL_TYPE].tolist() == ["CD4", T_CELL, "lymphocyte", "B", "Unassigned"]
    assert obs[columns.CONFIDENCE].tolist() == [0.9, 0.85, 0.9, 0.3, 0.0]
    assert obs[columns.ONTOLOGY_ID].tolist() == [CD4, "CL:0000791", "CL:0000542", B, ""]
    assert obs[columns.PREDICTED].tolist() == ["CD4", "CD4", "CD8", "B", "Unassigned"]


def test_another_threshold_needs_no_new_annotation(four_cells: AnnData) -> None:
    apply_threshold(four_cells, 0.55)
    assert four_cells.obs["cell_type_level_3"].tolist() == ["CD4", "CD4", *["Unassigned"] * 3]
    assert four_cells.obs["cell_type_level_1"].tolist() == [*["lymphocyte"] * 4, "Unassigned"]


def test_cells_without_levels_are_an_error() -> None:
    with pytest.raises(InputError, match="no confidence in the terms"):
        apply_threshold(AnnData(np.ones((1, 1))), 0.8)


@pytest.fixture(scope="module")
def similar_types(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AnnData, np.ndarray]:
    """Return a model of three types, two of them similar, and a query."""
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


def test_the_common_term_of_similar_types_is_correct(similar_types: tuple[Path, AnnData, np.ndarray]) -> None:
    path, query, truth = similar_types
    options = {"custom_model_path": path, "min_confidence": 0.8, "confidence_transform": "calibrated", "copy": True}
    forced, auto = annotate_celltypist(query, **options), annotate_celltypist(query, resolution="auto", **options)
    called = auto.obs[columns.CELL_TYPE].astype(str).to_numpy()
    merged = called == T_CELL
    assert merged[truth < 2].mean() > 0.4
    assert not merged[truth == 2].any()
    assert auto.obs[columns.PREDICTED].astype(str).equals(forced.obs[columns.PREDICTED].astype(str))
    row = auto.obs[merged].iloc[0]
    assert row[columns.ONTOLOGY_ID] == "CL:0000791"
    assert row[columns.ONTOLOGY_LABEL] == T_CELL
    assert (forced.obs[columns.CELL_TYPE].astype(str)[merged] == columns.UNASSIGNED).all()
    stays = ~merged & (called != columns.UNASSIGNED)
    assert (forced.obs[columns.CELL_TYPE].astype(str)[stays] == called[stays]).all()
    assert (auto.obs[columns.CONFIDENCE][merged] >= 0.8).all()
    assert forced.obs["cell_type_level_1"].astype(str)[merged].eq(T_CELL).all()


def test_the_stages_equal_one_annotation_with_the_threshold(similar_types: tuple[Path, AnnData, np.ndarray]) -> None:
    path, query, _ = similar_types
    config = AnnotationSettings(resolution="auto", confidence_threshold=0.8)
    staged = stages.annotate(query.copy(), path, config)
    assert not (staged.obs[columns.CELL_TYPE] == columns.UNASSIGNED).any()
    stages.keep_confident(staged, config)
    direct = annotate_celltypist(
        query,
        custom_model_path=path,
        min_confidence=0.8,
        confidence_transform="calibrated",
        resolution="auto",
        copy=True,
    )
    assert staged.obs[columns.CELL_TYPE].tolist() == direct.obs[columns.CELL_TYPE].tolist()
    for name in (columns.CONFIDENCE, columns.ONTOLOGY_ID, columns.ONTOLOGY_LABEL, *columns.LEVEL_COLUMNS):
        pd.testing.assert_series_equal(staged.obs[name], direct.obs[name])


def test_levels_of_an_earlier_annotation_are_removed(similar_types: tuple[Path, AnnData, np.ndarray]) -> None:
    path, query, _ = similar_types
    adata = annotate_celltypist(query, custom_model_path=path, confidence_transform="calibrated", copy=True)
    assert class_tree(adata) is not None
    run_manifest.record(adata, note="stays")
    annotate_celltypist(adata, custom_model_path=path)
    assert class_tree(adata) is None
    assert not set(columns.LEVEL_COLUMNS) & set(adata.obs)
    assert adata.uns[columns.MANIFEST]["note"] == "stays"


def test_a_cell_without_counts_has_no_call_at_any_level(similar_types: tuple[Path, AnnData, np.ndarray]) -> None:
    path, query, _ = similar_types
    empty = query.copy()
    counts = query.X.toarray()
    counts[0] = 0
    empty.X = sparse.csr_matrix(counts)
    del empty.layers[columns.COUNTS]
    annotate_celltypist(
        empty, custom_model_path=path, confidence_transform="calibrated", min_confidence=0, resolution="auto"
    )
    row = empty.obs.iloc[0]
    assert [row[name] for name in (columns.CELL_TYPE, *columns.LEVELS)] == ["Unassigned"] * 4
    assert [row[name] for name in columns.LEVEL_CONFIDENCE] == [0.0] * 3
    assert row[columns.PATH] == ""


def test_auto_needs_classes_with_terms(recipe: Path, simulated: tuple[AnnData, ...]) -> None:
    assert not any(load_model(recipe).ontology_ids.values())
    with pytest.raises(ModelError, match="resolution='auto'"):
        annotate_celltypist(simulated[1].copy(), custom_model_path=recipe, resolution="auto")


@pytest.mark.parametrize("resolution", ["class", "auto"])
def test_blocks_of_cells_give_the_same_calls(
    four_cells: AnnData, resolution: ResolutionMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_blocks = four_cells.copy()
    apply_threshold(four_cells, 0.8, resolution)
    monkeypatch.setattr(levels, "BLOCK_CELLS", 2)
    apply_threshold(in_blocks, 0.8, resolution)
    pd.testing.assert_frame_equal(in_blocks.obs, four_cells.obs)


@pytest.mark.parametrize("threshold", [float("nan"), 1.5, -0.1, "0.8"])
def test_a_threshold_is_a_number_from_0_to_1(threshold: object) -> None:
    with pytest.raises(InputError, match="threshold is"):
        apply_threshold(AnnData(), threshold)  # type: ignore[arg-type]
