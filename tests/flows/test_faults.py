"""What a run outlives: its own sudden death in any phase, another run beside it, a store that does not answer."""

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
    """Run flows in processes of their own, on the tests' server; what the killed ones leave lies in their home."""
    home.mkdir(exist_ok=True)
    places = {"HOME": str(home), "TMPDIR": str(home)}
    environment = {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value()), **places}
    process = subprocess.run(command(config, log, *options), cwd=ROOT, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-3000:]


@pytest.mark.slow
def test_a_run_that_is_killed_continues_with_the_stage_in_which_it_was(blood: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    log = tmp_path / "log"
    blood_config(blood, store, generate_plots=True).to_yaml(tmp_path / "config.yaml")
    patterns = [rf"cache/{phase}-[0-9a-f]+/result\.json$" for phase in KILLED] + list(PUBLISHED.values())
    run(tmp_path / "config.yaml", log, "--at", *patterns, home=tmp_path)
    computed = phases_of(log)
    first = 0
    for number, last in enumerate(map(PHASES.index, KILLED)):
        assert computed[number] == PHASES[first : last + 1]
        first = last  # killed before its record was written: this stage alone is run again
    assert computed[len(KILLED)] == ["plot"]
    assert set(computed) == set(range(len(KILLED) + 1)), "killed while publishing: nothing is computed again"
    assert_whole(store)


def assert_whole(store: Path) -> None:
    """Everything that can be found in a store is whole, and the pointer points to it."""
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
    computed = Counter(phase for phases in phases_of(log).values() for phase in phases)
    assert set(computed.values()) == {1}, "each phase was run once, by one of the two"
    bodies = {path.name: path.stat().st_size for path in blood.glob("pbmc68k_part*.h5ad")}
    assert {name: proxy.served[name] for name in bodies} == bodies, "each reference's bytes were sent once"
    pointer = registry.current(str(tmp_path / "store"), "blood")
    assert pointer is not None
    assert len(pointer.moves) == 1
    assert len(list((tmp_path / "store").glob("runs/*/manifest.json"))) == 1


@pytest.mark.slow
def test_two_machines_at_once_share_one_download_and_one_training(
    blood: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is shared but the bucket: no disk, no lock, no deployment."""
    use_keys(monkeypatch)
    store, log = f"s3://{BUCKET}/two", tmp_path / "log"
    with s3_server() as s3, web_server(blood) as inner, proxy_to(inner) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
        config = blood_config(blood, store)
        remote = [item.model_copy(update={"uri": f"{proxy.url}/{Path(item.uri).name}"}) for item in config.references]
        config.model_copy(update={"references": remote}).to_yaml(tmp_path / "config.yaml")
        homes = [str(tmp_path / name) for name in ("one machine", "another")]
        run(tmp_path / "config.yaml", log, "--homes", *homes, home=tmp_path)
        computed = Counter(phase for phases in phases_of(log).values() for phase in phases)
        assert computed == Counter(PHASES[:-1]), "each phase was run once, by one of the two"
        bodies = {path.name: path.stat().st_size for path in blood.glob("pbmc68k_part*.h5ad")}
        assert {name: proxy.served[name] for name in bodies} == bodies, "one machine downloaded the references"
        pointer = registry.current(store, "blood")
        assert pointer is not None
        assert len(pointer.moves) == 1
        assert not [uri for uri in storage.list_files(store) if uri.endswith("lease.json")]


def use_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_a_store_that_does_not_answer_for_a_while(
    blood: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, computed: list[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    use_keys(monkeypatch)
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "2")  # so that the task's own retries are needed too
    monkeypatch.setenv("SPATIALCORE_STORAGE_FIRST_WAIT", "0.1")
    with s3_server() as s3, proxy_to(s3) as proxy:
        outage = Outage(status(503, "SlowDown"), after=40, seconds=5)
        proxy.faults.append(outage)
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        manifest = train_and_annotate(blood_config(blood, f"s3://{BUCKET}/store"))
        assert outage.n_matched, "the store refused nothing"
        assert registry.show(f"s3://{BUCKET}/store", "blood").version == manifest.model_version
        assert storage.exists(manifest.uri)
        computed.clear()
        monkeypatch.setenv("HOME", str(tmp_path / "another machine"))
        second = train_and_annotate(blood_config(blood, f"s3://{BUCKET}/store"))
    assert computed == [], "a worker with nothing on its disk finds the same results"
    assert second.run_id == manifest.run_id
