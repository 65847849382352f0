"""Deployments on the server that no tissue asks for any more, and what starts them by itself."""

from collections.abc import Iterator, Sequence

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.responses import DeploymentResponse

from deployments.definitions import Definition

_PAGE = 100
_TAG = "spatialcore"
_ENTRYPOINTS = "flows."  # of our package; what people deploy under our tag is theirs


def find_obsolete(client: SyncPrefectClient, wanted: Sequence[Definition]) -> list[str]:
    """Return the names (``flow/deployment``) of our deployments that are not wanted; nothing is changed.

    Parameters
    ----------
    client
        Of the server.
    wanted
        All that there should be.
    """
    names = {each.full_name for each in wanted}
    return sorted(name for name, _ in _ours(client) if name not in names)


def delete_deployments(client: SyncPrefectClient, names: Sequence[str]) -> None:
    """Delete deployments with their schedules, and the triggers that start them. Their runs stay in the history."""
    triggers = {name: f"{name} on " for name in names}
    for automation in client.read_automations():
        if automation.name.startswith(tuple(triggers.values())):
            client.delete_automation(automation.id)
    for name, deployment in _ours(client):
        if name in triggers:
            client.delete_deployment(deployment.id)


def _ours(client: SyncPrefectClient) -> Iterator[tuple[str, DeploymentResponse]]:
    """Yield each deployment that setup has made, with its full name."""
    flows: dict[object, str] = {}
    tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[_TAG]))
    found: list[DeploymentResponse] = []
    while page := client.read_deployments(deployment_filter=tagged, limit=_PAGE, offset=len(found)):
        found += page
    for deployment in found:
        if (deployment.entrypoint or "").startswith(_ENTRYPOINTS):
            if deployment.flow_id not in flows:
                flows[deployment.flow_id] = client.read_flow(deployment.flow_id).name
            yield f"{flows[deployment.flow_id]}/{deployment.name}", deployment
