"""The one command that sets a server up, against a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from deployments import work_pool
from deployments.automations import DEAD_RUNS, FAILURES, RETRIES
from deployments.definitions import definitions
from deployments.setup import main
from tests.contract.servers import SECRET
from tests.deployments.conftest import set_up
from tests.deployments.service import STORE, Service

pytestmark = pytest.mark.service
TEMPLATE = {"job_configuration": {"image": "{{ image }}"}, "variables": {"properties": {"image": {"type": "string"}}}}
REFRESH, PAUSED = "refresh_references/pancreas", "train_and_annotate/pancreas"


def test_a_second_time_changes_nothing_not_even_what_people_switched(service: Service) -> None:
    before = _there(service)
    with _switched_by_hand(service) as switches:
        said = set_up(service)
        assert _switches(service) == switches
    assert [active for _, active in switches[0]] == [True, True]
    assert switches[1:] == [True, [False]]
    assert f"deployments  {len(definitions())}" in said
    assert _there(service) == before


def test_every_deployment_is_there_with_its_schedule_off(service: Service) -> None:
    found = [each for each in service.deployments() if not each["name"].startswith("waits")]
    wanted = {(each.flow, each.name) for each in definitions()}
    flows = {flow["id"]: flow["name"] for flow in service.post("flows/filter", limit=200)}
    assert {(flows[each["flow_id"]], each["name"]) for each in found} == wanted
    schedules = [schedule for each in found for schedule in each["schedules"]]
    assert schedules
    assert not any(schedule["active"] for schedule in schedules)
    stores = {each["parameters"]["config"].get("store") for each in found} - {None}
    assert stores == {STORE}
    assert all(each["pull_steps"] in (None, []) for each in found), "the code comes from the package, not from a folder"


def test_the_pool_and_its_queues_have_their_limits(service: Service) -> None:
    assert service.get("work_pools/spatialcore")["concurrency_limit"] == 2
    queues = {queue["name"]: queue for queue in service.post("work_pools/spatialcore/queues/filter")}
    assert queues["people"]["priority"] < queues["scheduled"]["priority"]
    assert queues["scheduled"]["concurrency_limit"] == 1


def test_a_pool_on_another_platform_keeps_its_template(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_pool, "POOL", "cloud")
    service.post("work_pools/", name="cloud", type="kubernetes", base_job_template=TEMPLATE)
    settings = {PREFECT_API_URL: f"{service.url}/api", PREFECT_API_AUTH_STRING: service.login}
    with temporary_settings(settings), get_client(sync_client=True) as client:
        work_pool.save_pool(client, {"SPATIALCORE_STORE": STORE}, 3)
    pool = service.get("work_pools/cloud")
    assert (pool["type"], pool["base_job_template"], pool["concurrency_limit"]) == ("kubernetes", TEMPLATE, 3)
    queues = {queue["name"] for queue in service.post("work_pools/cloud/queues/filter")}
    assert {"people", "scheduled"} <= queues


def test_secrets_are_in_blocks_and_nowhere_else(service: Service) -> None:
    found = {
        f"{block['block_type']['slug']}/{block['name']}": block
        for block in service.post("block_documents/filter", limit=100)
    }
    assert {"aws-credentials/spatialcore", "s3-bucket/spatialcore", "webhook/spatialcore"} <= set(found)
    assert found["aws-credentials/spatialcore"]["data"]["aws_secret_access_key"].startswith("*")
    pool = str(service.get("work_pools/spatialcore"))
    assert SECRET not in pool
    assert service.webhook.url not in str(service.post("automations/filter", limit=200))
    assert "prefect.blocks.aws-credentials.spatialcore.aws_secret_access_key" in pool


def test_a_fault_of_the_environment_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(SystemExit, match="PREFECT_API_URL is not set"):
        main([])
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setenv("SPATIALCORE_RUNS_AT_ONCE", "none")
    with pytest.raises(SystemExit, match=r"SPATIALCORE_RUNS_AT_ONCE=none: not a positive whole number\n  -> set it"):
        main([])


@contextmanager
def _switched_by_hand(service: Service) -> Iterator[list[Any]]:
    """For the length of the block a schedule is on, one is added, a deployment is paused and a trigger silenced."""
    schedules = f"deployments/{service.get(f'deployments/name/{REFRESH}')['id']}/schedules"
    service.send("POST", schedules, [{"schedule": {"cron": "0 5 * * *", "timezone": "Europe/Zurich"}, "active": True}])
    _switch(service, by_hand=True)
    try:
        yield _switches(service)
    finally:
        _switch(service, by_hand=False)
        for added in (each["id"] for each in service.get(schedules) if each["slug"] is None):
            service.send("DELETE", f"{schedules}/{added}", None)


def _switch(service: Service, *, by_hand: bool) -> None:
    refresh, train = (service.get(f"deployments/name/{name}") for name in (REFRESH, PAUSED))
    (own,) = (each["id"] for each in refresh["schedules"] if each["slug"] is not None)
    (trigger,) = (each["id"] for each in _triggers(service))
    service.send("PATCH", f"deployments/{refresh['id']}/schedules/{own}", {"active": by_hand})
    service.send("PATCH", f"deployments/{train['id']}", {"paused": by_hand})
    service.send("PATCH", f"automations/{trigger}", {"enabled": not by_hand})


def _switches(service: Service) -> list[Any]:
    schedules = [(each["schedule"], each["active"]) for each in service.get(f"deployments/name/{REFRESH}")["schedules"]]
    paused = service.get(f"deployments/name/{PAUSED}")["paused"]
    return [sorted(schedules, key=str), paused, [each["enabled"] for each in _triggers(service)]]


def _triggers(service: Service) -> list[dict[str, Any]]:
    """Return what starts the refresh: one automation."""
    return [each for each in service.post("automations/filter", limit=200) if each["name"].startswith(f"{REFRESH} on")]


def _there(service: Service) -> dict[str, Any]:
    """Everything that setup makes, without what changes with each write."""
    automations = {each["id"]: each["name"] for each in service.post("automations/filter", limit=200)}
    assert {DEAD_RUNS, FAILURES, RETRIES} <= set(automations.values())
    ours = {automation: name for automation, name in automations.items() if name.startswith("spatialcore: ")}
    queues = service.post("work_pools/spatialcore/queues/filter")
    return {
        "deployments": {
            each["id"]: (each["name"], each["parameters"], each["version"]) for each in service.deployments()
        },
        "automations": ours,
        "triggers": sorted(automations.values()),
        "pool": service.get("work_pools/spatialcore")["base_job_template"],
        "queues": {queue["id"]: (queue["name"], queue["priority"]) for queue in queues},
        "blocks": {block["id"] for block in service.post("block_documents/filter", limit=100)},
    }
