"""Many runs at once, and few places for them."""

import time
from typing import Any

import pytest

from tests.deployments.service import ENDED, Service

PLACES = 2  # of the work pool, as deployments.setup makes it where nothing else is said
RUNS = 20


@pytest.mark.service
@pytest.mark.slow
@pytest.mark.usefixtures("dead")  # whose silence begins here, and is heard of in test_zombies
def test_twenty_runs_for_two_places_all_complete(worker: Service) -> None:
    with worker.waits() as waits:
        finished = _ended(worker, [worker.start(waits, seconds=0.2) for _ in range(RUNS)])
    assert [run["state_type"] for run in finished] == ["COMPLETED"] * RUNS
    assert all(run["run_count"] == 1 for run in finished), "none was started twice"
    assert _most_at_once([worker.held(run["id"]) for run in finished]) == PLACES


def _ended(service: Service, runs: list[str], patience: float = 300) -> list[Any]:
    """Wait until all of these runs have ended and return them."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        states = service.runs(flow_runs={"id": {"any_": runs}})
        if all(run["state_type"] in ENDED for run in states):
            return states
        time.sleep(0.5)
    raise AssertionError([run["state_name"] for run in states])


def _most_at_once(intervals: list[tuple[str, str]]) -> int:
    """Return how many runs had a place at the same time."""
    starts, ends = (sorted(times) for times in zip(*intervals, strict=True))
    return max(number + 1 - sum(end <= start for end in ends) for number, start in enumerate(starts))
