"""The command that sets up a server, on a real server."""

import pytest

from deployments.definitions import definitions
from deployments.setup import main
from tests.contract.servers import SECRET
from tests.deployments.service import STORE, Service

pytestmark = pytest.mark.service


def test_every_deployment_exists_with_an_inactive_schedule(service: Service) -> None:
    deployments = [each for each in service.deployments() if not each["name"].startswith("waits")]
    expected = {(each.flow, each.name) for each in definitions()}
    flows = {flow["id"]: flow["name"] for flow in service.post("flows/filter", limit=200)}
    assert {(flows[each["flow_id"]], each["name"]) for each in deployments} == expected
    schedules = [schedule for each in deployments for schedule in each["schedules"]]
    assert schedules
    assert not any(schedule["active"] for schedule in schedules)
    stores = {each["parameters"]["config"].get("store") for each in deployments} - {None}
    assert stores == {STORE}
    assert all(each["pull_steps"] in (None, []) for each in deployments), (
        "the code is imported from the package, not from a folder"
    )


def test_secrets_are_only_in_blocks(service: Service) -> None:
    blocks = {
        f"{block['block_type']['slug']}/{block['name']}": block
        for block in service.post("block_documents/filter", limit=100)
    }
    assert {"aws-credentials/spatialcore", "s3-bucket/spatialcore", "webhook/spatialcore"} <= set(blocks)
    assert blocks["aws-credentials/spatialcore"]["data"]["aws_secret_access_key"].startswith("*")
    pool = str(service.get("work_pools/spatialcore"))
    assert SECRET not in pool
    assert service.webhook.url not in str(service.post("automations/filter", limit=200))
    assert "prefect.blocks.aws-credentials.spatialcore.aws_secret_access_key" in pool


def test_an_error_in_the_environment_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(SystemExit, match="PREFECT_API_URL is not set"):
        main([])
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setenv("SPATIALCORE_RUNS_AT_ONCE", "none")
    with pytest.raises(SystemExit, match=r"SPATIALCORE_RUNS_AT_ONCE=none: expected a positive integer\n  -> set it"):
        main([])
