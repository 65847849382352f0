"""Find and delete deployments on the server whose tissue no longer exists."""

from collections.abc import Iterator, Sequence

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.responses import DeploymentResponse

from deployments.definitions import Definition

_PAGE = 100
_TAG = "spatialcore"
_ENTRYPOINTS = "flows."  # of this package; users may have deployments of their own with our tag


def find_obsolete(client: SyncPrefectClient, deployments: Sequence[Definition]) -> list[str]:
    """Return the deployments of this package on the server that are not defined any more; nothing is changed.

    Parameters
    ----------
    client
        Client of the server.
    deployments
        All deployments of this installation.

    Returns
    -------
    list of str
        ``flow/deployment``, in alphabetical order.
    """
    names = {definition.full_name for definition in deployments}
    return sorted(name for name, _ in _deployed(client) if name not in names)


def delete_deployments(client: SyncPrefectClient, names: Sequence[str]) -> None:
    """Delete deployments (``flow/deployment``) with their schedules and triggers. Their runs stay in the history."""
    triggers = {name: f"{name} on " for name in names}
    for automation in client.read_automations():
        if automation.name.startswith(tuple(triggers.values())):
            client.delete_automation(automation.id)
    for name, deployment in _deployed(client):
        if name in triggers:
            client.delete_deployment(deployment.id)


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
