"""A configuration with one small reference, and cells called with its model."""

from pathlib import Path

import anndata as ad
import pytest

from spatialcore.annotation import stages
from spatialcore.annotation.config import TrainingConfig
from tests.workflow import tissue


@pytest.fixture
def config(tmp_path: Path) -> TrainingConfig:
    path = tissue.write_h5ad(tissue.reference(per_type=30), tmp_path / "ref.h5ad")
    return TrainingConfig(references=[path], label_columns=["cell_type"], tissue="lung", generate_plots=False)


@pytest.fixture(scope="package")
def called(tmp_path_factory: pytest.TempPathFactory) -> ad.AnnData:
    """Return cells annotated with the default settings, before the filter."""
    folder = tmp_path_factory.mktemp("called")
    path = tissue.write_h5ad(tissue.reference(per_type=30), folder / "ref.h5ad")
    config = TrainingConfig(references=[path], label_columns=["cell_type"], tissue="lung")
    stages.train_model(config, tissue.GENES, tissue.query(), folder / "m.pkl")
    return stages.annotate(tissue.query(), folder / "m.pkl", config)
