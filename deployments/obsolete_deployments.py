"""Find and delete deployments on the server whose tissue no longer exists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.schemas.automations import Automation

from deployments.definitions import Definition

_PAGE = 100
_TAG = "spatialcore"
_ENTRYPOINTS = "flows."  # of this package; users may have deployments of their own with our tag


@dataclass(frozen=True)
class Obsolete:
    """A deployment whose tissue no longer exists.

    Parameters
    ----------
    name
        ``flow/deployment``.
    deployment
        The deployment on the server.
    triggers
        The automations that start it on an event.
    """

    name: str
    deployment: DeploymentResponse
    triggers: Sequence[Automation]

    def __str__(self) -> str:
        schedules = [f"schedule {_text(schedule.schedule)}" for schedule in self.deployment.schedules]
        parts = [*schedules, *(f"trigger {trigger.name!r}" for trigger in self.triggers)]
        return f"{self.name} ({', '.join(parts)})" if parts else self.name


def find_obsolete(client: SyncPrefectClient, deployments: Sequence[Definition]) -> list[Obsolete]:
    """Return the deployments of this package on the server that are not defined any more; nothing is changed.

    Parameters
    ----------
    client
        Client of the server.
    deployments
        All deployments of this installation.

    Returns
    -------
    list of Obsolete
        In alphabetical order, with their schedules and triggers.
    """
    names = {definition.full_name for definition in deployments}
    obsolete = [(name, deployment) for name, deployment in _deployed(client) if name not in names]
    return [
        Obsolete(name, deployment, _triggers(client, name, deployment))
        for name, deployment in sorted(obsolete, key=lambda each: each[0])
    ]


def delete_deployments(client: SyncPrefectClient, obsolete: Sequence[Obsolete]) -> None:
    """Delete deployments with their schedules and triggers. Their runs stay in the history."""
    for each in obsolete:
        for trigger in each.triggers:
            client.delete_automation(trigger.id)
        client.delete_deployment(each.deployment.id)


def _triggers(client: SyncPrefectClient, name: str, deployment: DeploymentResponse) -> list[Automation]:
    related = client.read_resource_related_automations(f"prefect.deployment.{deployment.id}")
    return [automation for automation in related if automation.name.startswith(f"{name} on ")]


def _text(schedule: object) -> str:
    return str(getattr(schedule, "cron", schedule))


def _deployed(client: SyncPrefectClient) -> Iterator[tuple[str, DeploymentResponse]]:
    """Yield each deployment that setup has created, with its full name."""
    flows: dict[object, str] = {}
    tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[_TAG]))
    deployments: list[DeploymentResponse] = []
    while page := client.read_deployments(deployment_filter=tagged, limit=_PAGE, offset=len(deployments)):
        deployments += page
    for deployment in deployments:
        if (deployment.entrypoint or "").startswith(_ENTRYPOINTS):
            if deployment.flow_id not in flows:
                flows[deployment.flow_id] = client.read_flow(deployment.flow_id).name
            yield f"{flows[deployment.flow_id]}/{deployment.name}", deployment
