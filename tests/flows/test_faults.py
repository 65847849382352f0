"""Faults during a run: killed in any phase, a concurrent run, or an unavailable store."""

import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL

from flows.train_and_annotate import train_and_annotate
from spatialcore import registry, storage
from tasks.schemas import RunManifest
from tests.contract.faulty_proxy import Outage, proxy_to, status
from tests.contract.servers import BUCKET, KEY, SECRET, s3_server, web_server
from tests.flows.conftest import blood_config
from tests.flows.runs import command, phases_of

ROOT = Path(__file__).resolve().parents[2]
PHASES = ["read_query", "gather", "combine", "map_ontology", "balance", "train", "annotate", "keep_confident", "plot"]
KILLED = ["read_query", "combine", "train", "annotate", "plot"]  # all stages are stored by the same code
PUBLISHED = {
    "publish the model": r"models/blood/[0-9a-f]+/version\.json$",
    "publish the run": r"runs/.*/manifest\.json$",
    "put the model in use": r"models/blood/current\.json$",
}


def run(config: Path, log: Path, *options: str | int, home: Path) -> None:
    """Run flows in subprocesses on the tests' server; files of killed runs remain in `home`."""
    home.mkdir(exist_ok=True)
    folders = {"HOME": str(home), "TMPDIR": str(home)}
    environment = {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value()), **folders}
    process = subprocess.run(command(config, log, *options), cwd=ROOT, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-3000:]


@pytest.mark.slow
def test_a_killed_run_continues_with_the_interrupted_stage(blood: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    log = tmp_path / "log"
    blood_config(blood, store, generate_plots=True).to_yaml(tmp_path / "config.yaml")
    patterns = [rf"cache/{phase}-[0-9a-f]+/result\.json$" for phase in KILLED] + list(PUBLISHED.values())
    run(tmp_path / "config.yaml", log, "--at", *patterns, home=tmp_path)
    computed_phases = phases_of(log)
    first = 0
    for number, last in enumerate(map(PHASES.index, KILLED)):
        assert computed_phases[number] == PHASES[first : last + 1]
        first = last  # killed before the record was written: only this stage runs again
    assert computed_phases[len(KILLED)] == ["plot"]
    assert set(computed_phases) == set(range(len(KILLED) + 1)), "a stage was computed again after publishing"
    assert_complete(store)


def assert_complete(store: Path) -> None:
    """Check that all files in a store are complete, and that the pointer points to the model."""
    pointer = registry.current(str(store), "blood")
    assert pointer is not None
    assert len(pointer.moves) == 1
    (version,) = registry.versions(str(store), "blood")
    assert pointer.version == version.version
    (written,) = store.glob("runs/*/manifest.json")
    manifest = storage.read_record(RunManifest, str(written), str(store))
    files = [*version.files, *(file for sample in manifest.samples for file in sample.files.values())]
    assert all(storage.describe(file.uri).size == file.size for file in files)
    assert {"run_manifest.json", "report.html", "card.md", "config.yaml"} <= set(version.contents)
    assert not [path for path in store.rglob("*.part") if not path.name.endswith(".lock.part")]


@pytest.mark.slow
def test_two_runs_at_once_share_one_download_and_one_training(blood: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with web_server(blood) as inner, proxy_to(inner) as proxy:
        config = blood_config(blood, tmp_path / "store")
        remote = [item.model_copy(update={"uri": f"{proxy.url}/{Path(item.uri).name}"}) for item in config.references]
        config.model_copy(update={"references": remote}).to_yaml(tmp_path / "config.yaml")
        run(tmp_path / "config.yaml", log, "--together", 2, home=tmp_path / "home")
    computed_phases = Counter(phase for phases in phases_of(log).values() for phase in phases)
    assert set(computed_phases.values()) == {1}, "each phase runs once, in one of the two runs"
    bodies = {path.name: path.stat().st_size for path in blood.glob("pbmc68k_part*.h5ad")}
    assert {name: proxy.served[name] for name in bodies} == bodies, "each reference is downloaded once"
    pointer = registry.current(str(tmp_path / "store"), "blood")
    assert pointer is not None
    assert len(pointer.moves) == 1
    assert len(list((tmp_path / "store").glob("runs/*/manifest.json"))) == 1


@pytest.mark.slow
def test_two_machines_at_once_share_one_download_and_one_training(
    blood: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the bucket is shared: no disk, lock or deployment."""
    use_keys(monkeypatch)
    store, log = f"s3://{BUCKET}/two", tmp_path / "log"
    with s3_server() as s3, web_server(blood) as inner, proxy_to(inner) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
        config = blood_config(blood, store)
        remote = [item.model_copy(update={"uri": f"{proxy.url}/{Path(item.uri).name}"}) for item in config.references]
        config.model_copy(update={"references": remote}).to_yaml(tmp_path / "config.yaml")
        homes = [str(tmp_path / name) for name in ("one machine", "another")]
        run(tmp_path / "config.yaml", log, "--homes", *homes, home=tmp_path)
        computed_phases = Counter(phase for phases in phases_of(log).values() for phase in phases)
        assert computed_phases == Counter(PHASES[:-1]), "each phase runs once, in one of the two runs"
        bodies = {path.name: path.stat().st_size for path in blood.glob("pbmc68k_part*.h5ad")}
        assert {name: proxy.served[name] for name in bodies} == bodies, "each reference is downloaded once"
        pointer = registry.current(store, "blood")
        assert pointer is not None
        assert len(pointer.moves) == 1
        assert not [uri for uri in storage.list_files(store) if uri.endswith("lease.json")]


def use_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_a_store_that_is_unavailable_for_some_seconds(
    blood: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, computed_stages: list[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    use_keys(monkeypatch)
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "2")  # the retries of the task are needed as well
    monkeypatch.setenv("SPATIALCORE_STORAGE_FIRST_WAIT", "0.1")
    with s3_server() as s3, proxy_to(s3) as proxy:
        outage = Outage(status(503, "SlowDown"), after=40, seconds=5)
        proxy.faults.append(outage)
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        manifest = train_and_annotate(blood_config(blood, f"s3://{BUCKET}/store"))
        assert outage.n_matched, "no request failed"
        assert registry.show(f"s3://{BUCKET}/store", "blood").version == manifest.model_version
        assert storage.exists(manifest.uri)
        computed_stages.clear()
        monkeypatch.setenv("HOME", str(tmp_path / "another machine"))
        second = train_and_annotate(blood_config(blood, f"s3://{BUCKET}/store"))
    assert computed_stages == [], "a worker with an empty disk finds the same results"
    assert second.run_id == manifest.run_id
