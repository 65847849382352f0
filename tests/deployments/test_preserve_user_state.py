"""A second setup preserves the user's changes to schedules, deployments and triggers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deployments.automations import DEAD_RUNS, FAILURES, RETRIES
from deployments.definitions import definitions
from tests.deployments.conftest import set_up
from tests.deployments.service import Service

REFRESH, PAUSED = "refresh_references/pancreas", "train_and_annotate/pancreas"


@pytest.mark.service
def test_a_second_setup_preserves_user_changes(service: Service) -> None:
    before = _parts(service)
    with _user_changes(service) as switches:
        output = set_up(service)
        assert _switches(service) == switches
    assert [active for _, active in switches[0]] == [True, True]
    assert switches[1:] == [True, [False]]
    assert f"deployments  {len(definitions())}" in output
    assert _parts(service) == before


@contextmanager
def _user_changes(service: Service) -> Iterator[list[Any]]:
    """Activate a schedule, add a schedule, and pause a deployment and a trigger until the block ends."""
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
    (schedule,) = (each["id"] for each in refresh["schedules"] if each["slug"] is not None)
    (trigger,) = (each["id"] for each in _triggers(service))
    service.send("PATCH", f"deployments/{refresh['id']}/schedules/{schedule}", {"active": by_hand})
    service.send("PATCH", f"deployments/{train['id']}", {"paused": by_hand})
    service.send("PATCH", f"automations/{trigger}", {"enabled": not by_hand})


def _switches(service: Service) -> list[Any]:
    schedules = [(each["schedule"], each["active"]) for each in service.get(f"deployments/name/{REFRESH}")["schedules"]]
    paused = service.get(f"deployments/name/{PAUSED}")["paused"]
    return [sorted(schedules, key=str), paused, [each["enabled"] for each in _triggers(service)]]


def _triggers(service: Service) -> list[dict[str, Any]]:
    """Return the one automation that starts the refresh."""
    return [each for each in service.post("automations/filter", limit=200) if each["name"].startswith(f"{REFRESH} on")]


def _parts(service: Service) -> dict[str, Any]:
    """Return everything that setup creates, without fields that change with each write."""
    automations = {each["id"]: each["name"] for each in service.post("automations/filter", limit=200)}
    assert {DEAD_RUNS, FAILURES, RETRIES} <= set(automations.values())
    project_automations = {
        automation: name for automation, name in automations.items() if name.startswith("spatialcore: ")
    }
    queues = service.post("work_pools/spatialcore/queues/filter")
    return {
        "deployments": {
            each["id"]: (each["name"], each["parameters"], each["version"]) for each in service.deployments()
        },
        "automations": project_automations,
        "triggers": sorted(automations.values()),
        "pool": service.get("work_pools/spatialcore")["base_job_template"],
        "queues": {queue["id"]: (queue["name"], queue["priority"]) for queue in queues},
        "blocks": {block["id"] for block in service.post("block_documents/filter", limit=100)},
    }
