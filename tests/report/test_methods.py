"""Methods paragraph and configuration of the report."""

import anndata as ad
import pytest
import yaml

from spatialcore import columns
from spatialcore.annotation.config import TrainingConfig
from spatialcore.report.methods import configuration_yaml, methods_text
from tests.plotting.tissues import annotated, make_tissue


@pytest.fixture
def sample() -> ad.AnnData:
    return annotated(make_tissue())


def test_the_paragraph_has_the_numbers_of_the_run(sample: ad.AnnData) -> None:
    methods = methods_text(sample, 0.7)
    for expected in (
        "a labelled single-cell reference (atlas; 480 cells)",
        "300 cells, 30 genes and 3 classes",
        "median 42 counts",
        "background (10 %)",
        "accuracy of 0.863",
        "calibrated confidence below 0.7",
        "anndata 0.12.19",
    ):
        assert expected in methods["paragraph"]
    assert any("Cell Ontology" in citation for citation in methods["citations"])


def test_data_without_a_manifest() -> None:
    assert methods_text(make_tissue(), 0.8)["paragraph"].startswith("Calls with a confidence below 0.8")


def test_configuration_of_the_run(sample: ad.AnnData) -> None:
    assert yaml.safe_load(configuration_yaml(sample, None)) == {"tissue": "lymph node", "confidence_threshold": 0.8}
    config = TrainingConfig(references=["a.h5ad"], label_columns=["x"])
    assert configuration_yaml(sample, config) == config.to_yaml()
    del sample.uns[columns.MANIFEST]
    assert configuration_yaml(sample, None) == ""
