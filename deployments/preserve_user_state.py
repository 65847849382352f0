"""Preserve what users changed in the UI: schedules, paused deployments and paused triggers.

``prefect deploy`` resets deployments to prefect.yaml. Without this module, each upgrade would switch off the schedules
that users switched on, delete those that they added, and resume the deployments and triggers that they paused.
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
def preserved_user_state(client: SyncPrefectClient, deployments: Sequence[Definition]) -> Iterator[None]:
    """Restore, after the block has deployed, what users had switched on, added and paused.

    Parameters
    ----------
    client
        Client of the server.
    deployments
        The deployments that the block updates.
    """
    before, paused = list(_existing(client, deployments)), _paused_triggers(client, deployments)
    yield
    for deployment in before:
        _restore(client, deployment)
    for name in paused:
        for automation in client.read_automations_by_name(name):
            client.pause_automation(automation.id)


def _existing(client: SyncPrefectClient, deployments: Sequence[Definition]) -> Iterator[DeploymentResponse]:
    for definition in deployments:
        try:
            yield client.read_deployment_by_name(definition.full_name)
        except ObjectNotFound:
            continue  # it is new


def _paused_triggers(client: SyncPrefectClient, deployments: Sequence[Definition]) -> list[str]:
    names = [definition.trigger_name for definition in deployments if definition.trigger_name]
    return [name for name in names if any(not each.enabled for each in client.read_automations_by_name(name))]


def _restore(client: SyncPrefectClient, before: DeploymentResponse) -> None:
    current = client.read_deployment_schedules(before.id)
    for schedule in before.schedules:
        _restore_schedule(client, before.id, schedule, current)
    if before.paused:
        client.pause_deployment(before.id)


def _restore_schedule(
    client: SyncPrefectClient, deployment: UUID, before: DeploymentSchedule, current: list[DeploymentSchedule]
) -> None:
    """Switch a schedule on that was on; create a schedule again that a user had added, which has no slug."""
    after = next((schedule for schedule in current if _same(schedule, before)), None)
    if after is None and before.slug is None:
        client.create_deployment_schedules(deployment, [_copy(before)])
    elif after is not None and before.active and not after.active:
        client.update_deployment_schedule(deployment, after.id, active=True)


def _same(one: DeploymentSchedule, other: DeploymentSchedule) -> bool:
    return one.schedule == other.schedule or (one.slug is not None and one.slug == other.slug)


def _copy(schedule: DeploymentSchedule) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(**schedule.model_dump(include={"schedule", "active", "parameters"}))
