"""The whole chain with one server, worker and bucket: a reference changes, and samples get the new model."""

import time
from pathlib import Path
from typing import Any

import anndata as ad
import pytest

from spatialcore import registry, storage
from spatialcore.demo.blood import LABEL_COLUMN, blood_data
from tasks.schemas import RunManifest
from tests.contract.servers import BUCKET
from tests.deployments.service import STORE, Service

pytestmark = [pytest.mark.service, pytest.mark.slow]
REFERENCES = f"s3://{BUCKET}/references"


@pytest.mark.usefixtures("keys")
def test_a_changed_reference_leads_to_new_annotations_and_can_be_rolled_back(worker: Service, tmp_path: Path) -> None:
    blood_data(tmp_path)
    _store_files(tmp_path)

    first = _refresh(worker)
    assert _in_use() == first
    assert _annotated_samples(worker, first, runs=1) == ["pbmc"]

    changed = ad.read_h5ad(tmp_path / "pbmc68k_part1.h5ad")[:-10].copy()
    changed.write_h5ad(tmp_path / "changed.h5ad")
    storage.put(tmp_path / "changed.h5ad", f"{REFERENCES}/pbmc68k_part1.h5ad")
    second = _refresh(worker)
    assert second != first
    assert _in_use() == second
    assert _event_counts(worker, "spatialcore.reference.refreshed") == {"1": 2, "2": 1}, (
        "expected a second event for reference 1"
    )
    assert _annotated_samples(worker, second, runs=2) == ["pbmc"]

    registry.rollback(STORE, "blood")
    assert _in_use() == first
    run = worker.start("annotate_pending/blood")
    assert worker.wait(run)["state_type"] == "COMPLETED"
    worker.wait_for_log(run, "all samples in")  # the first model has already annotated it


def _store_files(folder: Path) -> None:
    """Store references, the panel and one sample where the deployments read them."""
    for part in ("1", "2"):
        storage.put(folder / f"pbmc68k_part{part}.h5ad", f"{REFERENCES}/pbmc68k_part{part}.h5ad")
    storage.put(folder / "query.h5ad", f"{STORE}/panels/blood.h5ad")
    storage.put(folder / "query.h5ad", f"{STORE}/samples/blood/pbmc.h5ad")


def _refresh(service: Service) -> str:
    """Refresh the references with the tissue's deployment and return the version that was promoted."""
    references = [{"uri": f"{REFERENCES}/pbmc68k_part{part}.h5ad", "label_column": LABEL_COLUMN} for part in ("1", "2")]
    run = service.start("refresh_references/blood", references=references, tolerance=0.3, generate_plots=False)
    flow_run = service.wait(run)
    assert flow_run["state_type"] == "COMPLETED", service.logs(run)
    return _versions()[-1]


def _versions() -> list[str]:
    return [version.version for version in registry.versions(STORE, "blood")]


def _in_use() -> str:
    pointer = registry.current(STORE, "blood")
    assert pointer is not None
    return pointer.version


def _annotated_samples(service: Service, version: str, runs: int) -> list[str]:
    """Wait for the runs started by promotions and return the samples annotated with a version."""
    deployment = service.get("deployments/name/annotate_pending/blood")["id"]
    deadline = time.monotonic() + 30
    while len(flow_runs := service.runs(deployments={"id": {"any_": [deployment]}})) < runs:
        assert time.monotonic() < deadline, "no run was started"
        time.sleep(0.3)
    for run in flow_runs:
        assert service.wait(run["id"])["state_type"] == "COMPLETED", service.logs(run["id"])
    uris = [uri for uri in storage.list_files(f"{STORE}/runs") if uri.endswith("/manifest.json")]
    manifests = [storage.read_record(RunManifest, uri, STORE) for uri in uris]
    return [sample.sample for each in manifests if each.model_version == version for sample in each.samples]


def _event_counts(service: Service, event: str) -> dict[str, int]:
    """Return the number of events per reference."""
    events: list[dict[str, Any]] = service.post("events/filter", filter={"event": {"name": [event]}})["events"]
    uris = [one["resource"]["uri"] for one in events]
    return {part: sum(uri.endswith(f"part{part}.h5ad") for uri in uris) for part in ("1", "2")}
