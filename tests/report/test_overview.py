"""The overview of a run: numbers, title, expected accuracy."""

import json

import anndata as ad
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.report.overview import summarize
from tests.plotting.tissues import annotated, make_tissue


@pytest.fixture
def sample() -> ad.AnnData:
    return annotated(make_tissue())


def test_numbers_of_cells_types_and_genes(sample: ad.AnnData) -> None:
    overview = summarize(sample, 0.8, pd.DataFrame())
    is_called = sample.obs[columns.CELL_TYPE].astype(str) != columns.UNASSIGNED
    assert (overview.n_cells, overview.n_called, overview.n_types) == (410, 375, 3)
    assert (overview.n_panel_genes, overview.n_shared_genes) == (sample.n_vars, None)
    assert overview.share_called == pytest.approx(375 / 410)
    assert overview.expected_accuracy == pytest.approx(sample.obs.loc[is_called, columns.CONFIDENCE].mean())


def test_no_expected_accuracy_without_calibration(sample: ad.AnnData) -> None:
    sample.uns[columns.MANIFEST] |= {"confidence_transform": "zscore"}
    overview = summarize(sample, 0.8, pd.DataFrame())
    assert overview.expected_accuracy is None
    assert "not calibrated" in overview.warnings[0]


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
