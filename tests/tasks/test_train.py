"""The training task gives the same model as the library."""

from pathlib import Path

import anndata as ad

from spatialcore.annotation import stages
from spatialcore.annotation.model.artifact import load_model
from tasks.anndata_io import read_cells
from tasks.stage_cache import local
from tests.tasks.conftest import StageResults
from tests.workflow import tissue


def test_the_model_is_the_same_as_from_the_library(stage_results: StageResults, tmp_path: Path) -> None:
    cells = read_cells(stage_results.training.cells, stage_results.training.counts)
    assert stage_results.panel.cells is not None
    query = ad.read_h5ad(local(stage_results.panel.cells))
    stages.train(cells, query, stage_results.config, tmp_path / "blood.pkl")
    assert local(stage_results.model.files["blood.pkl"]).read_bytes() == (tmp_path / "blood.pkl").read_bytes()


def test_the_result_describes_the_model(stage_results: StageResults) -> None:
    model = stage_results.model
    loaded = load_model(local(model.files[model.artifact]))
    assert model.artifact == "blood.pkl"
    assert model.facts["classes"] == list(loaded.classes)
    assert sorted(loaded.classes) == sorted(tissue.TYPES)
    assert model.facts["n_genes"] == len(loaded.genes) == len(tissue.GENES) - 1
    assert model.model_files == ["blood.pkl", "blood_celltypist.json", "blood_colors.json"]
