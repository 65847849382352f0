"""Runs of the deployed service: secrets, events, faults, and limits."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anndata as ad
import numpy as np
import psutil
import pytest

from deployments.automations import RETRY_TAG
from deployments.definitions import POOL
from deployments.processes import running
from tests.contract.servers import BUCKET
from tests.deployments.service import Service

pytestmark = pytest.mark.service

WAITS = Path(__file__).with_name("waits.py")


def test_a_run_gets_the_keys_of_the_bucket_from_their_block(worker: Service, tmp_path: Path) -> None:
    source = tmp_path / "reference.h5ad"
    ad.AnnData(np.ones((3, 2), dtype=np.float32)).write_h5ad(source)
    run = worker.start(
        "acquire_references/any", references=[{"source": str(source), "output": f"s3://{BUCKET}/kept.h5ad"}]
    )
    ended = worker.wait(run)
    assert ended["state_type"] == "COMPLETED", worker.logs(run)


def test_a_promoted_model_starts_the_pending_samples_and_a_failure_is_told(worker: Service) -> None:
    worker.emit("spatialcore.model.promoted", "spatialcore.model.heart")
    run = _run_of(worker, "annotate_pending/heart")
    ended = worker.wait(run["id"])
    assert ended["state_type"] == "FAILED"
    assert "has no model in use for heart" in str(worker.logs(run["id"]))
    deadline = time.monotonic() + 20
    while not any("annotate_pending/heart" in text for text in worker.webhook.told):
        assert time.monotonic() < deadline, worker.webhook.told
        time.sleep(0.3)
    assert "Failed" in worker.webhook.told[-1]


def test_a_changed_reference_starts_its_refresh_and_no_other(service: Service) -> None:
    service.emit("spatialcore.reference.changed", "spatialcore.reference.skin")
    run = _run_of(service, "refresh_references/skin")
    assert run["work_queue_name"] == "scheduled"
    service.post(f"flow_runs/{run['id']}/set_state", state={"type": "CANCELLED"}, force=True)
    assert not _runs_of(service, "refresh_references/lung")


@pytest.mark.slow
def test_what_was_killed_is_marked_and_started_again(service: Service) -> None:
    """A machine that dies: worker and run are killed at once, and nobody is left to say so."""
    _deploy_waits(service)
    with running(["worker", "start", "--pool", POOL], service.environment, service.folder / "killed.log") as process:
        run = service.start("waits/retried", seconds=300)
        service.wait(run, ("RUNNING",))
        service.wait_for_event("prefect.flow-run.heartbeat", run)
        family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
        for pid in family:
            os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
    ended = service.wait(run, patience=150)
    assert time.monotonic() - killed < 120
    assert ended["state_name"] == "Crashed"
    deployment = ended["deployment_id"]
    deadline = time.monotonic() + 20
    while len(again := service.runs(deployments={"id": {"any_": [deployment]}})) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    for one in again:
        service.post(f"flow_runs/{one['id']}/set_state", state={"type": "CANCELLED"}, force=True)


def _deploy_waits(service: Service) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", f"{WAITS.name}:waits", "--name", "retried"]
    subprocess.run(
        [*command, "--pool", POOL, "--work-queue", "people", "--tag", RETRY_TAG, "--tag", "spatialcore"],
        env={**os.environ, **service.environment},
        cwd=WAITS.parent,
        check=True,
        capture_output=True,
    )


def _runs_of(service: Service, name: str) -> list[dict[str, str]]:
    deployment = service.get(f"deployments/name/{name}")["id"]
    return service.runs(deployments={"id": {"any_": [deployment]}})


def _run_of(service: Service, name: str) -> dict[str, str]:
    deadline = time.monotonic() + 30
    while not (found := _runs_of(service, name)):
        assert time.monotonic() < deadline, f"no event started {name}"
        time.sleep(0.3)
    return found[0]
