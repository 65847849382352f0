"""What people switched by hand stays as they left it.

``prefect deploy`` makes deployments as prefect.yaml has them: after each upgrade a schedule that somebody had switched
on would be off, one that somebody had added gone; what somebody had paused or silenced would start runs again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from deployments.definitions import Definition


@contextmanager
def kept(client: SyncPrefectClient, deployments: Sequence[Definition]) -> Iterator[None]:
    """Keep, over new deployments in the block, what people switched on, added, paused and silenced."""
    before, silent = list(_deployments(client, deployments)), _silent_triggers(client, deployments)
    yield
    for deployment in before:
        _put_back(client, deployment)
    for name in silent:
        for automation in client.read_automations_by_name(name):
            client.pause_automation(automation.id)


def _deployments(client: SyncPrefectClient, deployments: Sequence[Definition]) -> Iterator[DeploymentResponse]:
    for definition in deployments:
        try:
            yield client.read_deployment_by_name(definition.full_name)
        except ObjectNotFound:
            continue  # it is new


def _silent_triggers(client: SyncPrefectClient, deployments: Sequence[Definition]) -> list[str]:
    triggers = [each.trigger for each in deployments if each.trigger]
    return [name for name in triggers if any(not each.enabled for each in client.read_automations_by_name(name))]


def _put_back(client: SyncPrefectClient, before: DeploymentResponse) -> None:
    there = client.read_deployment_schedules(before.id)
    for schedule in before.schedules:
        _put_schedule_back(client, before.id, schedule, there)
    if before.paused:
        client.pause_deployment(before.id)


def _put_schedule_back(
    client: SyncPrefectClient, deployment: UUID, before: DeploymentSchedule, there: list[DeploymentSchedule]
) -> None:
    """Switch a schedule on that was on. One without a slug is a person's: where it is gone, it is made anew."""
    now = next((each for each in there if _same(each, before)), None)
    if now is None and before.slug is None:
        client.create_deployment_schedules(deployment, [_again(before)])
    elif now is not None and before.active and not now.active:
        client.update_deployment_schedule(deployment, now.id, active=True)


def _same(one: DeploymentSchedule, other: DeploymentSchedule) -> bool:
    return one.schedule == other.schedule or (one.slug is not None and one.slug == other.slug)


def _again(schedule: DeploymentSchedule) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(**schedule.model_dump(include={"schedule", "active", "parameters"}))
