"""The overview of a run: counts, expected accuracy, warnings."""

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.report.overview import summarize
from tests.plotting.tissues import annotated, make_tissue


@pytest.fixture
def sample() -> ad.AnnData:
    return annotated(make_tissue())


def test_counts_and_warnings(sample: ad.AnnData) -> None:
    overview = summarize(sample, 0.8, pd.DataFrame())
    is_called = sample.obs[columns.CELL_TYPE].astype(str) != columns.UNASSIGNED
    assert (overview.n_cells, overview.n_called, overview.n_types) == (410, 375, 3)
    assert (overview.n_panel_genes, overview.n_shared_genes) == (sample.n_vars, None)
    assert overview.share_called == pytest.approx(375 / 410)
    assert overview.expected_accuracy == pytest.approx(sample.obs.loc[is_called, columns.CONFIDENCE].mean())
    warnings = " ".join(overview.warnings)
    assert "T cell as B cell (30 %)" in warnings
    assert "used unchanged: mystery" in warnings


def test_no_expected_accuracy_without_calibration(sample: ad.AnnData) -> None:
    sample.uns[columns.MANIFEST] |= {"confidence_transform": "zscore"}
    overview = summarize(sample, 0.8, pd.DataFrame())
    assert overview.expected_accuracy is None
    assert "not calibrated" in overview.warnings[0]


def test_warnings_about_markers_and_genes(sample: ad.AnnData) -> None:
    sample.uns[columns.MANIFEST] |= {"gene_overlap_pct": 41.0}
    validation = pd.DataFrame({"cell_type": ["B cell", "T cell"], "n_markers": [3, 3], "auc": [0.6, 0.9]})
    warnings = summarize(sample, 0.8, validation).warnings
    assert "The query has 41 % of the model's genes." in warnings
    assert "Types whose markers do not separate them from other cells (AUC): B cell (0.60)." in warnings


def test_long_lists_of_types_are_shortened_with_the_worst_first(sample: ad.AnnData) -> None:
    names = [f"type {i}" for i in range(30)]
    validation = pd.DataFrame({"cell_type": names, "n_markers": 3, "auc": np.linspace(0.69, 0.1, 30)})
    (warning,) = (text for text in summarize(sample, 0.8, validation).warnings if "do not separate" in text)
    assert ": type 29 (0.10), " in warning
    assert warning.endswith(" and 22 more.")


@pytest.mark.parametrize(("shared", "words"), [(16, "Only 16 genes are shared, far too few"), (80, "Only 80 genes")])
def test_few_shared_genes_and_the_classes_affected(sample: ad.AnnData, shared: int, words: str) -> None:
    manifest = sample.uns[columns.MANIFEST]
    card = json.loads(manifest["model_card_json"])
    card["heldout"]["f1"] = {"B cell": 0.2, "T cell": 0.95}
    manifest |= {"n_shared_genes": shared, "model_card_json": json.dumps(card)}
    warnings = " ".join(summarize(sample, 0.8, pd.DataFrame()).warnings)
    assert words in warnings
    assert "B cell (0.20)" in warnings
    assert "T cell (0.95)" not in warnings


@pytest.mark.parametrize("query", ["/data/node_7", "s3://b/node_7.h5ad", "node_7.zarr/"])
def test_the_title_is_the_name_of_the_sample(sample: ad.AnnData, query: str) -> None:
    sample.uns[columns.MANIFEST] |= {"query": query}
    assert summarize(sample, 0.8, pd.DataFrame()).title == "Cell types of node_7"


def test_no_expected_accuracy_with_references_of_another_tissue(sample: ad.AnnData) -> None:
    manifest = sample.uns[columns.MANIFEST]
    manifest["config_json"] = json.dumps({"tissue": "breast"})
    references = json.loads(manifest["references_json"])
    references[0]["tissues"] = {"pancreas": 300, "islet": 20}
    manifest["references_json"] = json.dumps(references)
    overview = summarize(sample, 0.8, pd.DataFrame())
    assert (overview.expected_accuracy, overview.is_withheld) == (None, True)
    assert overview.reference_tissues == "pancreas, islet"
    manifest["config_json"] = json.dumps({"tissue": "pancreas"})
    overview = summarize(sample, 0.8, pd.DataFrame())
    assert overview.expected_accuracy is not None
    assert not overview.is_withheld
