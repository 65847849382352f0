"""The warnings of the report."""

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.report.run_warnings import run_warnings
from tests.plotting.tissues import annotated, make_tissue


@pytest.fixture
def sample() -> ad.AnnData:
    return annotated(make_tissue())


def warnings_of(
    sample: ad.AnnData, validation: pd.DataFrame | None = None, *, called: float = 0.9, calibrated: bool = True
) -> list[str]:
    table = pd.DataFrame() if validation is None else validation
    return run_warnings(sample, "tonsil", called, table, calibrated=calibrated)


def test_confusions_and_labels_without_a_term(sample: ad.AnnData) -> None:
    warnings = " ".join(warnings_of(sample))
    assert "T cell as B cell (30 %)" in warnings
    assert "used unchanged: mystery" in warnings


@pytest.mark.parametrize(("called", "warned"), [(0.69, True), (0.71, False)])
def test_many_cells_without_a_call(sample: ad.AnnData, called: float, warned: bool) -> None:
    assert ("31 % of the cells have no call" in " ".join(warnings_of(sample, called=called))) == warned


def test_foreign_references_come_first_and_then_profiles_and_calibration(sample: ad.AnnData) -> None:
    manifest = sample.uns[columns.MANIFEST]
    references = json.loads(manifest["references_json"])
    card = json.loads(manifest["model_card_json"])
    references[0]["tissues"] = {"brain": 300}
    card["heldout"]["cells_from"] = columns.KIND_PROFILES
    manifest |= {"references_json": json.dumps(references), "model_card_json": json.dumps(card)}
    sample.uns[columns.MANIFEST] = manifest
    first, second, third = run_warnings(sample, "lung", 0.9, pd.DataFrame(), calibrated=False)[:3]
    assert first.startswith("The references are not from lung: ")
    assert second.startswith("The references are cell type profiles.")
    assert third.startswith("The confidence is not calibrated")


def test_warnings_about_markers_and_genes(sample: ad.AnnData) -> None:
    sample.uns[columns.MANIFEST] |= {"gene_overlap_pct": 41.0}
    validation = pd.DataFrame({"cell_type": ["B cell", "T cell"], "n_markers": [3, 3], "auc": [0.6, 0.9]})
    warnings = warnings_of(sample, validation)
    assert "The query has 41 % of the model's genes." in warnings
    assert "Types whose markers do not separate them from other cells (AUC): B cell (0.60). " in " ".join(warnings)


def test_long_lists_of_types_are_shortened_with_the_worst_first(sample: ad.AnnData) -> None:
    names = [f"type {i}" for i in range(30)]
    validation = pd.DataFrame({"cell_type": names, "n_markers": 3, "auc": np.linspace(0.69, 0.1, 30)})
    (warning,) = (text for text in warnings_of(sample, validation) if "do not separate" in text)
    assert ": type 29 (0.10), " in warning
    assert " and 22 more. " in warning


@pytest.mark.parametrize(("shared", "words"), [(16, "Only 16 genes are shared, far too few"), (80, "Only 80 genes")])
def test_few_shared_genes_and_the_classes_affected(sample: ad.AnnData, shared: int, words: str) -> None:
    manifest = sample.uns[columns.MANIFEST]
    card = json.loads(manifest["model_card_json"])
    card["heldout"]["f1"] = {"B cell": 0.2, "T cell": 0.95}
    manifest |= {"n_shared_genes": shared, "model_card_json": json.dumps(card)}
    warnings = " ".join(warnings_of(sample))
    assert words in warnings
    assert "B cell (0.20)" in warnings
    assert "T cell (0.95)" not in warnings


@pytest.mark.parametrize("resolution", ["auto", "class"])
def test_auto_is_only_suggested_for_calls_of_classes(sample: ad.AnnData, resolution: str) -> None:
    manifest = sample.uns[columns.MANIFEST]
    card = json.loads(manifest["model_card_json"])
    card["training"]["n_genes"] = 24
    card["heldout"]["confusion"] = [[50, 50, 0], [50, 50, 0], [0, 1, 99]]
    manifest |= {"resolution": resolution, "model_card_json": json.dumps(card)}
    (warning,) = (text for text in warnings_of(sample) if "The model has 24 genes" in text)
    assert ("resolution: auto gives" in warning) == (resolution == "class")


def test_cells_without_coordinates(sample: ad.AnnData) -> None:
    assert "no coordinates" not in " ".join(warnings_of(sample))
    sample.obsm[columns.SPATIAL] = np.asarray(sample.obsm[columns.SPATIAL], dtype=float)
    sample.obsm[columns.SPATIAL][:12, 0] = np.nan
    assert f"12 of {sample.n_obs:,} cells have no coordinates" in " ".join(warnings_of(sample))
