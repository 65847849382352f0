"""A run whose machine died."""

import time

import pytest

from tests.deployments.service import ENDED, DeadRun, Service


@pytest.mark.service
@pytest.mark.slow
def test_a_dead_run_is_marked_as_crashed_and_started_again(service: Service, dead_run: DeadRun) -> None:
    """This file runs last, because the heartbeat timeout takes over a minute."""
    flow_run = service.wait(dead_run.run, timeout=150)
    assert flow_run["state_name"] == "Crashed"
    assert service.seconds_between(dead_run.when, flow_run["end_time"]) < 120
    deadline = time.monotonic() + 20
    while len(runs := service.runs(deployments={"id": {"any_": [flow_run["deployment_id"]]}})) < 2:
        assert time.monotonic() < deadline, "the run was not started again"
        time.sleep(0.3)
    (retry,) = (run for run in runs if run["id"] != dead_run.run)
    assert retry["parameters"] == flow_run["parameters"], "the retry has other parameters than the run"
    assert retry["state_type"] not in ENDED
