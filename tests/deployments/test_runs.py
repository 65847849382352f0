"""Secrets and events of runs of the deployed service."""

import time
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from tests.contract.servers import BUCKET
from tests.deployments.service import Service

pytestmark = pytest.mark.service


def test_a_run_gets_the_credentials_of_the_bucket_from_their_block(worker: Service, tmp_path: Path) -> None:
    source = tmp_path / "reference.h5ad"
    ad.AnnData(np.ones((3, 2), dtype=np.float32)).write_h5ad(source)
    run = worker.start(
        "acquire_references/any", references=[{"source": str(source), "output": f"s3://{BUCKET}/kept.h5ad"}]
    )
    flow_run = worker.wait(run)
    assert flow_run["state_type"] == "COMPLETED", worker.logs(run)


def test_a_promoted_model_starts_the_pending_samples_and_a_failure_is_notified(worker: Service) -> None:
    worker.emit("spatialcore.model.promoted", "spatialcore.model.heart")
    run = _run_of(worker, "annotate_pending/heart")
    flow_run = worker.wait(run["id"])
    assert flow_run["state_type"] == "FAILED"
    worker.wait_for_log(run["id"], "has no model in use for heart")
    deadline = time.monotonic() + 20
    while not any("annotate_pending/heart" in text for text in worker.webhook.texts):
        assert time.monotonic() < deadline, worker.webhook.texts
        time.sleep(0.3)
    assert "Failed" in worker.webhook.texts[-1]


def test_a_changed_reference_starts_only_its_refresh(service: Service) -> None:
    service.emit("spatialcore.reference.changed", "spatialcore.reference.skin")
    run = _run_of(service, "refresh_references/skin")
    assert run["work_queue_name"] == "scheduled"
    service.post(f"flow_runs/{run['id']}/set_state", state={"type": "CANCELLED"}, force=True)
    assert not _runs_of(service, "refresh_references/lung")


def test_an_active_schedule_has_scheduled_runs(service: Service) -> None:
    """The server also responds if its scheduler fails, for example because of an incompatible database library."""
    refresh = service.get("deployments/name/refresh_references/brain")
    schedule = f"deployments/{refresh['id']}/schedules/{refresh['schedules'][0]['id']}"
    service.send("PATCH", schedule, {"active": True})
    try:
        planned = _run_of(service, "refresh_references/brain", timeout=100)  # a busy server schedules once a minute
    finally:
        service.send("PATCH", schedule, {"active": False})
    assert planned["auto_scheduled"]
    assert "-06T02:00:00" in planned["expected_start_time"], "the hour is in the tissue's file"


@pytest.mark.parametrize("flow", ["refresh_references", "annotate_pending"])
def test_a_second_run_of_a_tissue_waits_for_the_first(service: Service, flow: str) -> None:
    """The server enforces the limit of the deployment, independent of workers and queues."""
    first, second = (service.start(f"{flow}/kidney", later=True) for _ in range(2))
    assert service.propose(first, "PENDING") == ("ACCEPT", "Pending")
    assert service.propose(second, "PENDING") == ("REJECT", "AwaitingConcurrencySlot")
    service.propose(first, "CANCELLED")
    assert service.propose(second, "PENDING") == ("ACCEPT", "Pending")
    service.propose(second, "CANCELLED")


def test_samples_of_one_tissue_run_at_the_same_time(service: Service) -> None:
    runs = [service.start("train_and_annotate/kidney", later=True, queries=[{"uri": "q"}]) for _ in range(2)]
    assert [service.propose(run, "PENDING") for run in runs] == [("ACCEPT", "Pending")] * 2
    for run in runs:
        service.propose(run, "CANCELLED")


def _runs_of(service: Service, name: str) -> list[dict[str, str]]:
    deployment = service.get(f"deployments/name/{name}")["id"]
    return service.runs(deployments={"id": {"any_": [deployment]}})


def _run_of(service: Service, name: str, timeout: float = 30) -> dict[str, str]:
    deadline = time.monotonic() + timeout
    while not (flow_runs := _runs_of(service, name)):
        assert time.monotonic() < deadline, f"no run of {name} was started"
        time.sleep(0.3)
    return flow_runs[0]
