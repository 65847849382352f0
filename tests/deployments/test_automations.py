"""Automations on a real server: created once, replaced if changed. test_zombies and test_runs test their actions."""

from dataclasses import replace
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient

from deployments.automations import DEAD_RUNS, RETRIES, crash_dead_runs, save_automations
from deployments.environment import HEARTBEAT, Installation
from tests.deployments.service import STORE

INSTALLATION = Installation(store=STORE, retry_crashed=True)  # the same as in the setup of the service


@pytest.mark.service
def test_an_unchanged_automation_keeps_its_id_and_a_changed_one_is_replaced(client: SyncPrefectClient) -> None:
    before = ids(client)
    assert save_automations(client, INSTALLATION) == [DEAD_RUNS, RETRIES]
    assert ids(client) == before
    try:
        save_automations(client, replace(INSTALLATION, retry_crashed=False))
        after = ids(client)
        assert after[DEAD_RUNS] == before[DEAD_RUNS]
        assert after[RETRIES] != before[RETRIES]
        (retries,) = client.read_automations_by_name(RETRIES)
        assert not retries.enabled
    finally:
        save_automations(client, INSTALLATION)


def ids(client: SyncPrefectClient) -> dict[str, UUID]:
    return {each.name: each.id for each in client.read_automations() if each.name in {DEAD_RUNS, RETRIES}}


def test_the_description_names_the_time_without_heartbeats() -> None:
    automation = crash_dead_runs()
    assert f"{automation.trigger.within.total_seconds():.0f} s" in automation.description
    assert automation.trigger.within.total_seconds() > 2 * HEARTBEAT
