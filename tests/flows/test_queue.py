"""Twenty runs at once for a work pool that takes three: the others wait, and all are done."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_URL

from spatialcore.core.provenance import sha256_of_file

ROOT = Path(__file__).resolve().parents[2]
POOL, RUNS, AT_ONCE = "queue", 20, 3


@pytest.mark.slow
def test_twenty_runs_under_a_limit(blood: Path, tmp_path: Path) -> None:
    source = blood / "pbmc68k_part1.h5ad"
    outputs = [tmp_path / f"{number}.h5ad" for number in range(RUNS)]
    make_pool()
    deploy()
    for output in outputs:
        config = {"references": [{"source": str(source), "output": str(output)}]}
        run_deployment(f"acquire_references/{POOL}", parameters={"config": config}, timeout=0)
    environment = {
        **os.environ,
        "PREFECT_API_URL": str(PREFECT_API_URL.value()),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "HOME": str(tmp_path),
    }
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as worker:
        try:
            at_once = watch(worker)
        finally:
            worker.terminate()
    assert at_once == AT_ONCE, "never more than the limit, and as many as it allows"
    assert {sha256_of_file(output) for output in outputs} == {sha256_of_file(source)}


def make_pool() -> None:
    from prefect.client.schemas.actions import WorkPoolCreate

    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process", concurrency_limit=AT_ONCE))


def deploy() -> None:
    flow = Flow.from_source(str(ROOT), "flows/acquire_references.py:acquire_references")
    flow.deploy(POOL, work_pool_name=POOL, build=False, push=False, print_next_steps=False)  # type: ignore[union-attr]


def watch(worker: "subprocess.Popen[bytes]") -> int:
    """Wait until all runs are done and return how many were under way at once, at most."""
    wanted = DeploymentFilter(name=DeploymentFilterName(any_=[POOL]))
    most = 0
    with get_client(sync_client=True) as client:
        while True:
            assert worker.poll() is None, "the worker ended"
            runs = client.read_flow_runs(deployment_filter=wanted, limit=2 * RUNS)
            states = Counter(run.state_type.value for run in runs if run.state_type)
            assert not states["FAILED"] + states["CRASHED"], states
            most = max(most, states["RUNNING"] + states["PENDING"])
            if states["COMPLETED"] == RUNS:
                return most
            time.sleep(0.5)
