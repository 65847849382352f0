"""Runs of the deployed service: secrets and events."""

import time
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from tests.contract.servers import BUCKET
from tests.deployments.service import Service

pytestmark = pytest.mark.service


def test_a_run_gets_the_keys_of_the_bucket_from_their_block(worker: Service, tmp_path: Path) -> None:
    source = tmp_path / "reference.h5ad"
    ad.AnnData(np.ones((3, 2), dtype=np.float32)).write_h5ad(source)
    run = worker.start(
        "acquire_references/any", references=[{"source": str(source), "output": f"s3://{BUCKET}/kept.h5ad"}]
    )
    flow_run = worker.wait(run)
    assert flow_run["state_type"] == "COMPLETED", worker.logs(run)


def test_a_promoted_model_starts_the_pending_samples_and_a_failure_is_told(worker: Service) -> None:
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


def test_a_changed_reference_starts_its_refresh_and_no_other(service: Service) -> None:
    service.emit("spatialcore.reference.changed", "spatialcore.reference.skin")
    run = _run_of(service, "refresh_references/skin")
    assert run["work_queue_name"] == "scheduled"
    service.post(f"flow_runs/{run['id']}/set_state", state={"type": "CANCELLED"}, force=True)
    assert not _runs_of(service, "refresh_references/lung")


def test_a_schedule_that_is_switched_on_has_runs_planned(service: Service) -> None:
    """The server answers all the same where its scheduler fails, as it does with a database library too new for it."""
    refresh = service.get("deployments/name/refresh_references/brain")
    schedule = f"deployments/{refresh['id']}/schedules/{refresh['schedules'][0]['id']}"
    service.send("PATCH", schedule, {"active": True})
    try:
        planned = _run_of(service, "refresh_references/brain", patience=100)  # a busy server plans once a minute
    finally:
        service.send("PATCH", schedule, {"active": False})
    assert planned["auto_scheduled"]
    assert "-06T02:00:00" in planned["expected_start_time"], "at the hour of the tissue's file"


@pytest.mark.parametrize("flow", ["refresh_references", "annotate_pending"])
def test_a_second_run_of_a_tissue_waits_for_the_first(service: Service, flow: str) -> None:
    """The server holds it back by the deployment's limit, whatever workers and queues there are."""
    first, second = (service.start(f"{flow}/kidney", later=True) for _ in range(2))
    assert service.propose(first, "PENDING") == ("ACCEPT", "Pending")
    assert service.propose(second, "PENDING") == ("REJECT", "AwaitingConcurrencySlot")
    service.propose(first, "CANCELLED")
    assert service.propose(second, "PENDING") == ("ACCEPT", "Pending")
    service.propose(second, "CANCELLED")


def test_samples_of_one_tissue_need_not_wait_for_each_other(service: Service) -> None:
    runs = [service.start("train_and_annotate/kidney", later=True, queries=[{"uri": "q"}]) for _ in range(2)]
    assert [service.propose(run, "PENDING") for run in runs] == [("ACCEPT", "Pending")] * 2
    for run in runs:
        service.propose(run, "CANCELLED")


def _runs_of(service: Service, name: str) -> list[dict[str, str]]:
    deployment = service.get(f"deployments/name/{name}")["id"]
    return service.runs(deployments={"id": {"any_": [deployment]}})


def _run_of(service: Service, name: str, patience: float = 30) -> dict[str, str]:
    deadline = time.monotonic() + patience
    while not (flow_runs := _runs_of(service, name)):
        assert time.monotonic() < deadline, f"nothing started {name}"
        time.sleep(0.3)
    return flow_runs[0]
