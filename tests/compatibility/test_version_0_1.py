"""Models and stores written by version 0.1 before its folders changed are read, and give the same calls.

``store/`` was written by ``train_and_annotate`` on 160 simulated reference cells and 40 query cells of ten genes; the
lock files and the larger cached results were removed.
"""

import shutil
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns, registry, storage
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls.filters import filter_low_confidence
from spatialcore.annotation.model.artifact import load_model
from tasks.models import as_trained
from tasks.schemas import Panel, QueryCells, RunManifest, StageResult, TrainedModel
from tasks.stage_cache import find, local

RUN = "runs/blood-d2255f0f6f13/manifest.json"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return shutil.copytree(Path(__file__).with_name("store"), tmp_path / "store")


def cached(store: Path, kind: type[StageResult]) -> StageResult | None:
    (folder,) = (store / "cache").glob(f"{kind.STAGE}-*")
    return find(str(folder), kind)


def test_the_model_gives_the_same_calls(store: Path) -> None:
    (model,) = store.glob("models/blood/*/blood.pkl")
    (query,) = store.glob("cache/read_query-*/query.h5ad")
    cells = ad.read_h5ad(query)
    annotate_celltypist(cells, custom_model_path=model, confidence_transform="calibrated", min_confidence=0.0)
    filter_low_confidence(cells, columns.CELL_TYPE, threshold=0.8)
    calls = pd.read_parquet(store / RUN.replace("manifest.json", "s1/calls.parquet"))
    assert (cells.obs[columns.CELL_TYPE].astype(str).to_numpy() == calls[columns.CELL_TYPE].astype(str)).all()
    np.testing.assert_allclose(cells.obs[columns.CONFIDENCE], calls[columns.CONFIDENCE], atol=1e-9)
    np.testing.assert_allclose(cells.obs[columns.CONFIDENCE_RAW], calls[columns.CONFIDENCE_RAW], atol=1e-9)


def test_the_model_keeps_its_description(store: Path) -> None:
    (path,) = store.glob("models/blood/*/blood.pkl")
    model = load_model(path)
    assert set(model.classes) == {"T cell", "B cell", "natural killer cell", "monocyte"}
    assert model.ontology_ids["B cell"] == "CL:0000236"
    assert model.calibration is not None


def test_the_registry_is_read(store: Path) -> None:
    pointer = registry.current(str(store), "blood")
    assert pointer is not None
    version = registry.show(str(store), "blood", pointer.version)
    assert local(version.model_files["blood.pkl"]) == store / "models" / "blood" / version.version / "blood.pkl"
    assert as_trained(version).artifact == "blood.pkl"


def test_the_run_manifest_is_read(store: Path) -> None:
    run = storage.read_record(RunManifest, str(store / RUN), str(store))
    assert run.samples[0].sample == "s1"
    assert local(run.samples[0].files["calls.parquet"]).is_file()


@pytest.mark.parametrize("kind", [QueryCells, Panel, TrainedModel])
def test_cached_results_are_used_again(store: Path, kind: type[StageResult]) -> None:
    result = cached(store, kind)
    assert isinstance(result, kind)
    assert all(local(file).is_file() for file in result.files.values())
