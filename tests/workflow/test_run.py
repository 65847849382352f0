"""A run without a server writes all files and gives the same calls as the library."""

import json
from pathlib import Path

import anndata as ad
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.annotation import train_and_annotate
from spatialcore.annotation.run_config import Query, RunConfig
from spatialcore.errors import InputError
from spatialcore.workflow import run as workflow_run
from spatialcore.workflow.run import RunResult, annotate_query, composition_rows, load_query, run, write_sample
from tests.workflow import tissue


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def config(folder: Path) -> RunConfig:
    query = tissue.write_h5ad(tissue.query(), folder / "sample 1.h5ad")
    reference = tissue.write_h5ad(tissue.reference(), folder / "ref.h5ad")
    return RunConfig(
        queries=[query],
        references=[f"{reference}:cell_type"],
        store=str(folder / "store"),
        tissue="lung",
        confidence_threshold=0.5,
        generate_plots=False,
    )


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def result(config: RunConfig, lines: list[str]) -> RunResult:
    return run(config, progress=lines.append)


def test_the_store_has_every_file(result: RunResult, folder: Path) -> None:
    store = folder / "store"
    files = {
        path.relative_to(store).as_posix() for path in store.rglob("*") if not path.name.endswith(".manifest.json")
    }
    names = {"lung.pkl", "lung_celltypist.json", "lung_colors.json", "lung_card.md", "config.yaml", "label_mapping.csv"}
    assert {f"model/{name}" for name in names} <= files
    (sample,) = result.samples
    assert {Path(uri).name for uri in sample.files.values()} >= {"annotated.h5ad", "calls.parquet", "cell_groups.csv"}
    assert json.loads((store / "manifest.json").read_text()) == json.loads(json.dumps(result.as_dict()))
    assert all(Path(uri).is_file() for uri in [*result.model.values(), *sample.files.values()])


def test_numbers_of_cells(result: RunResult) -> None:
    (sample,) = result.samples
    assert sample.cells == tissue.query().n_obs
    assert sum(sample.composition.values()) == sample.cells
    assert sample.assigned == sample.cells - sample.composition.get("Unassigned", 0)
    calls = pd.read_parquet(next(uri for uri in sample.files.values() if uri.endswith("calls.parquet")))
    assert calls[columns.CELL_TYPE].astype(str).value_counts().to_dict() == sample.composition


def test_steps_are_reported_in_order(result: RunResult, lines: list[str]) -> None:
    assert lines[:2] == ["reading 1 query", "reading 1 reference, 60 panel genes"]
    assert lines[-1].startswith("annotating sample")
    assert {"queries", "references", "ontology", "balance", "training"} <= result.seconds.keys()


def test_calls_are_those_of_the_library_call(result: RunResult, config: RunConfig, folder: Path) -> None:
    (sample,) = result.samples
    annotated = ad.read_h5ad(next(uri for uri in sample.files.values() if uri.endswith("annotated.h5ad")))
    library = train_and_annotate(
        tissue.query(),
        references=[str(folder / "ref.h5ad")],
        label_columns=["cell_type"],
        tissue="lung",
        confidence_threshold=0.5,
        generate_plots=False,
    )
    assert annotated.obs[columns.CELL_TYPE].astype(str).equals(library.obs[columns.CELL_TYPE].astype(str))
    pd.testing.assert_series_equal(annotated.obs[columns.CONFIDENCE], library.obs[columns.CONFIDENCE])


def test_an_existing_model_annotates_another_query(result: RunResult, config: RunConfig, tmp_path: Path) -> None:
    other = tissue.write_h5ad(tissue.query(seed=9), tmp_path / "other.h5ad")
    query = RunConfig.model_validate({**config.model_dump(), "queries": [other]}).queries[0]
    model = next(Path(uri) for uri in result.model.values() if uri.endswith("lung.pkl"))
    sample = annotate_query(query, config, model, tmp_path / "out")
    called = ad.read_h5ad(tmp_path / "out" / "annotated.h5ad")
    assert sample.cells == called.n_obs
    assert (called.obs[columns.PREDICTED].astype(str) == called.obs["truth"].astype(str)).mean() > 0.9


def test_a_single_query_is_read_once(config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def load(query: Query) -> ad.AnnData:
        names.append(query.name)
        return load_query(query)

    monkeypatch.setattr(workflow_run, "load_query", load)
    run(config.model_copy(update={"store": str(tmp_path)}))
    assert names == ["sample 1"]
    names.clear()
    repeated = Query(uri=config.queries[0].uri, sample="other")
    run(config.model_copy(update={"store": str(tmp_path), "queries": [*config.queries, repeated]}))
    assert names == ["sample 1", "other", "sample 1", "other"]


def test_data_without_calls_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cell_type"):
        write_sample(tissue.query(), tmp_path)


def test_composition_as_rows() -> None:
    assert composition_rows({"B": 1, "T": 3}, 4) == [("T", 3, 75.0), ("B", 1, 25.0)]
    assert composition_rows({}, 0) == []
