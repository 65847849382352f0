"""What happens to a run whose machine dies."""

import time

import pytest

from tests.deployments.service import ENDED, Dead, Service


@pytest.mark.service
@pytest.mark.slow
def test_a_run_whose_machine_died_is_marked_and_started_again(service: Service, dead: Dead) -> None:
    """This file comes last: what happens takes more than a minute, and other tests go on in the meantime."""
    flow_run = service.wait(dead.run, patience=150)
    assert flow_run["state_name"] == "Crashed"
    assert service.seconds_between(dead.when, flow_run["end_time"]) < 120
    deadline = time.monotonic() + 20
    while len(runs := service.runs(deployments={"id": {"any_": [flow_run["deployment_id"]]}})) < 2:
        assert time.monotonic() < deadline, "it was not started again"
        time.sleep(0.3)
    (retry,) = (run for run in runs if run["id"] != dead.run)
    assert retry["parameters"] == flow_run["parameters"], "it is the same run, not the deployment's defaults"
    assert retry["state_type"] not in ENDED
