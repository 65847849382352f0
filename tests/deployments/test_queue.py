"""Many runs and few slots in the work pool."""

import time
from typing import Any

import pytest

from tests.deployments.service import ENDED, Service

SLOTS = 2  # the default of deployments.setup
RUNS = 20


@pytest.mark.service
@pytest.mark.slow
@pytest.mark.usefixtures("dead_run")  # the dead run starts here; test_zombies checks it later
def test_twenty_runs_in_two_slots_all_complete(worker: Service) -> None:
    with worker.sleeping_deployment() as deployment:
        finished = _wait_for_end(worker, [worker.start(deployment, seconds=0.2) for _ in range(RUNS)])
    assert [run["state_type"] for run in finished] == ["COMPLETED"] * RUNS
    assert all(run["run_count"] == 1 for run in finished), "a run was started twice"
    assert _max_concurrent([worker.slot_times(run["id"]) for run in finished]) == SLOTS


def _wait_for_end(service: Service, runs: list[str], timeout: float = 300) -> list[Any]:
    """Wait until all runs have ended and return them."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        states = service.runs(flow_runs={"id": {"any_": runs}})
        if all(run["state_type"] in ENDED for run in states):
            return states
        time.sleep(0.5)
    raise AssertionError([run["state_name"] for run in states])


def _max_concurrent(intervals: list[tuple[str, str]]) -> int:
    """Return the maximum number of runs that had a slot at the same time."""
    starts, ends = (sorted(times) for times in zip(*intervals, strict=True))
    return max(number + 1 - sum(end <= start for end in ends) for number, start in enumerate(starts))
