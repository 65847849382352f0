"""A store in another place: moved, copied with new file times, or copied to or from a bucket.

The store in which the run was made is deleted, so that access to it fails.
"""

import json
import logging
import re
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import anndata as ad
import pandas as pd
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from deployments.results.app import results_app
from deployments.results_server import allowed_hosts
from flows.annotate import annotate
from flows.annotate_pending import annotate_pending
from flows.parameters import (
    AnnotateParameters,
    AnnotatePendingParameters,
    RefreshParameters,
    TrainAndAnnotateParameters,
)
from flows.refresh_references import refresh_references
from flows.train_and_annotate import train_and_annotate
from spatialcore import columns, registry, storage
from spatialcore.cli.models import app as models
from spatialcore.registry import ModelVersion
from spatialcore.storage.records import read_record
from tasks.schemas import RunManifest, StageResult
from tasks.stage_cache import local
from tests.contract.servers import BUCKET, KEY, SECRET, s3_server
from tests.flows.conftest import blood_config

RECORDS = {"version.json": ModelVersion, "manifest.json": RunManifest, "result.json": StageResult}
SAMPLE, OTHER = "samples/blood/pbmc.h5ad", "samples/blood/fewer.h5ad"


@pytest.fixture(scope="module", autouse=True)
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start an S3 server, and set an empty home folder."""
    with s3_server() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        for name, value in {"ACCESS_KEY_ID": KEY, "SECRET_ACCESS_KEY": SECRET, "ENDPOINT_URL": url}.items():
            patch.setenv(f"AWS_{name}", value)
        yield f"s3://{BUCKET}"


def config_of(blood: Path, store: str, **settings: Any) -> TrainAndAnnotateParameters:
    """Return a run on a sample in the store; its references are elsewhere."""
    return blood_config(blood, store, queries=[{"uri": storage.join(store, SAMPLE)}], **settings)


def fill_store(blood: Path, store: str, work: Path, **settings: Any) -> RunManifest:
    """Fill a store with an older model, the model in use, its run, and a pending sample."""
    (work / "older.pkl").write_text("an older model")
    registry.promote(store, "blood", registry.publish(store, "blood", [work / "older.pkl"]).version)
    ad.read_h5ad(blood / "query.h5ad")[:-9].copy().write_h5ad(work / "fewer.h5ad")
    for path, name in ((blood / "query.h5ad", SAMPLE), (work / "fewer.h5ad", OTHER)):
        storage.put_bytes(path.read_bytes(), storage.join(store, name))
    return train_and_annotate(config_of(blood, store, **settings))


@pytest.fixture(scope="module")
def folder(blood: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunManifest]:
    """Return a folder with a store that was written under another name."""
    folder = tmp_path_factory.mktemp("places")
    run = fill_store(blood, str(folder / "first"), folder, generate_plots=True)
    return (folder / "first").rename(folder / "backup"), run


@pytest.fixture(scope="module")
def objects(blood: Path, bucket: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, RunManifest]:
    """Return a prefix with a store that was written in another bucket."""
    system, _ = storage.connect("s3://first/x")
    system.mkdir("first")
    run = fill_store(blood, "s3://first/store", tmp_path_factory.mktemp("work"))
    copy_objects("s3://first/store", f"{bucket}/backup")
    system.rm("first", recursive=True)
    return f"{bucket}/backup", run


def copy_objects(store: str, other: str) -> str:
    system, _ = storage.connect(f"{store}/x")
    for uri in (f"s3://{key}" for key in system.find(store)):
        system.cp_file(uri, uri.replace(store, other))
    return other


def upload(folder: Path, store: str) -> str:
    system, _ = storage.connect(f"{store}/x")
    system.put(f"{folder}/", f"{store}/", recursive=True)
    return store


def download(store: str, folder: Path) -> str:
    system, _ = storage.connect(f"{store}/x")
    system.get(f"{store}/", f"{folder}/", recursive=True)
    return str(folder)


def with_absolute_uris(folder: Path) -> str:
    """Write the records of a folder as earlier versions did, with the absolute URI of a deleted store."""
    for path in folder.rglob("*.json"):
        if path.name in RECORDS and path.parent.name != ".spatialcore":
            path.write_text(re.sub("store://", "/deleted/", path.read_text()))
    return str(folder)


@pytest.fixture(
    params=[
        "folder",
        "folder, other times",
        "folder, full addresses",
        "bucket",
        "from a bucket to another",
        "from a bucket to a folder",
    ]
)
def moved_store(
    request: pytest.FixtureRequest, blood: Path, tmp_path: Path, bucket: str
) -> tuple[str, RunManifest, bool]:
    """Return the store in its new place, its run, and whether its samples have the same version tokens."""
    kind, target = request.param, tmp_path / "moved"
    if kind.startswith("from a bucket"):
        store, run = request.getfixturevalue("objects")
        if kind.endswith("another"):
            return copy_objects(store, f"{bucket}/{tmp_path.name}"), run, True
        return download(store, target), run, False
    backup, run = request.getfixturevalue("folder")
    if kind == "bucket":
        return upload(backup, f"{bucket}/{tmp_path.name}"), run, False
    same_tokens = kind != "folder, other times"
    shutil.copytree(backup, target, copy_function=shutil.copy2 if same_tokens else shutil.copyfile)
    return (with_absolute_uris(target) if "full" in kind else str(target)), run, same_tokens


def test_a_moved_store_works(
    moved_store: tuple[str, RunManifest, bool], blood: Path, computed_stages: list[str]
) -> None:
    store, run, same_tokens = moved_store
    _check_models(store, run)
    _check_reports(store, run)
    _check_annotation(store, run)
    assert computed_stages == [*([] if same_tokens else ["read_query"]), "annotate", "keep_confident"]
    _check_pending_samples(store, same_tokens)
    computed_stages.clear()
    second = train_and_annotate(config_of(blood, store, generate_plots="report.html" in run.samples[0].files))
    assert computed_stages == [], "all stages are cached, also if a sample has another version token"
    assert (second.model_version, second.samples[0].composition) == (run.model_version, run.samples[0].composition)
    assert (second.run_id == run.run_id) == same_tokens
    assert all(local(file).is_file() for file in [*second.model.values(), *second.samples[0].files.values()])
    _check_no_record_contains_the_store(store)


def run_models_command(*words: str) -> Any:
    answer = CliRunner().invoke(models, [*words, "--json"])
    logger = logging.getLogger("spatialcore")
    logger.handlers = [handler for handler in logger.handlers if isinstance(handler, logging.NullHandler)]
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def _check_models(store: str, run: RunManifest) -> None:
    listed = run_models_command("ls", "--store", store)
    assert [version["in_use"] for version in listed] == [False, True]
    first, second = (version["version"] for version in listed)
    assert second == run.model_version
    output = run_models_command("show", "blood", "--store", store)
    assert output["uri"] == f"{store}/models/blood/{second}"
    for file in output["files"]:
        assert file["uri"].startswith(f"{store}/models/")
        assert storage.describe(file["uri"]).sha256 == file["sha256"]
    assert run_models_command("rollback", "blood", "--store", store)["version"] == first
    assert run_models_command("promote", "blood", second, "--store", store)["version"] == second


def _check_reports(store: str, run: RunManifest) -> None:
    app = results_app(store, "", allowed_hosts("127.0.0.1", ""))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for name, file in run.samples[0].files.items():
            response = client.get(f"/runs/{run.run_id}/pbmc/{name}")
            assert sha256(response.content).hexdigest() == file.sha256, name


def _check_annotation(store: str, run: RunManifest) -> None:
    queries = [{"uri": storage.join(store, SAMPLE)}]
    config = AnnotateParameters(queries=queries, store=store, tissue="blood", generate_plots=False)
    calls = annotate(config).samples[0].files
    annotated = ad.read_h5ad(local(calls["annotated.h5ad"]))
    assert annotated.obs[columns.CELL_TYPE].value_counts().to_dict() == run.samples[0].composition
    assert len(pd.read_parquet(local(calls["calls.parquet"]))) == annotated.n_obs


def _check_pending_samples(store: str, same_tokens: bool) -> None:
    """The sample just annotated is not pending; the other one is."""
    config = AnnotatePendingParameters(
        samples=storage.join(store, "samples/blood"), store=store, tissue="blood", generate_plots=False
    )
    (state,) = annotate_pending(config)
    assert state.result().samples[0].sample == "fewer"
    assert annotate_pending(config) == []


def _check_no_record_contains_the_store(store: str) -> None:
    for uri in storage.list_files(store):
        if uri.rpartition("/")[2] in RECORDS:
            read_record(RECORDS[uri.rpartition("/")[2]], uri, store)
            assert store not in storage.read_text(uri)


def test_a_sample_annotated_in_the_old_place_is_not_pending(folder: tuple[Path, RunManifest], tmp_path: Path) -> None:
    store = str(shutil.copytree(folder[0], tmp_path / "moved"))
    config = AnnotatePendingParameters(
        samples=f"{store}/samples/blood", store=store, tissue="blood", generate_plots=False
    )
    assert [state.result().samples[0].sample for state in annotate_pending(config)] == ["fewer"]


def test_references_that_moved_with_the_store_are_the_same(
    blood: Path, tmp_path: Path, computed_stages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the store was given as a relative folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(blood, "first/refs")

    def config(store: str) -> TrainAndAnnotateParameters:
        query = {"uri": f"{store}/refs/query.h5ad", "sample": "pbmc"}
        return blood_config(Path(store) / "refs", store, queries=[query])

    first = train_and_annotate(config("first"))
    Path("first").rename("second")
    computed_stages.clear()
    for store in ("second", str(tmp_path / "second")):
        refresh = RefreshParameters(**config(store).model_dump(exclude={"promote"}))
        assert refresh_references(refresh).reason == "no reference changed"
        assert train_and_annotate(config(store)).run_id == first.run_id
    assert computed_stages == []
