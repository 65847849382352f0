"""Automations: mark dead runs as crashed, report failures, and optionally retry crashed runs."""

import json
from datetime import timedelta
from typing import Any, Final, cast

from prefect.automations import Automation
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from deployments.blocks import NAME
from deployments.environment import HEARTBEAT, Installation

DEAD_RUNS: Final = "spatialcore: runs that died"
FAILURES: Final = "spatialcore: tell of failures"
RETRIES: Final = "spatialcore: start crashed runs again"
RETRY_TAG: Final = "retry-crashed"
_END_EVENTS: Final = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
# The parameters of the crashed run instead of the defaults of its deployment.
_SAME_PARAMETERS: Final = {
    "__prefect_kind": "json",
    "value": {"__prefect_kind": "jinja", "template": "{{ flow_run.parameters['config'] | tojson }}"},
}
_ANY_RUN: Final = {"prefect.resource.id": "prefect.flow-run.*"}


def save_automations(client: SyncPrefectClient, installation: Installation) -> list[str]:
    """Create or update the automations and return their names."""
    automations = [crash_dead_runs(), retry_crashed_runs(enabled=installation.retry_crashed)]
    if installation.webhook:
        automations.append(report_failures(cast(Webhook, Webhook.load(NAME))))
    for automation in automations:
        _save(client, automation)
    return [automation.name for automation in automations]


def _save(client: SyncPrefectClient, automation: Automation) -> None:
    """Create an automation unless an equal one exists; a new one would not know the runs that the old one watches."""
    existing = client.read_automations_by_name(automation.name)
    unchanged = next((other for other in existing if _content(other) == _content(automation)), None)
    for other in existing:
        if other is not unchanged:
            client.delete_automation(other.id)
    if unchanged is None:
        automation.create()


def _content(automation: AutomationCore) -> dict[str, Any]:
    """Return the content to compare; events are sets, because the order of their JSON lists varies."""
    content = automation.model_dump(include=set(AutomationCore.model_fields), exclude={"trigger": {"id"}})
    return {name: value for name, value in content.items() if name != "owner_resource"}


def crash_dead_runs() -> Automation:
    """Return the automation that marks a run as Crashed if it sends no heartbeat for two and a half intervals."""
    return Automation(
        name=DEAD_RUNS,
        description="Marks a run as Crashed if it has sent no heartbeat for 75 s, which frees its slot.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *_END_EVENTS},
            match=_ANY_RUN,
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=2.5 * HEARTBEAT),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED, name="Crashed", message="no heartbeat for 75 s: the process ended"
            )
        ],
    )


def report_failures(webhook: Webhook) -> Automation:
    """Return the automation that calls a webhook for each failed or crashed run, as Slack and Teams accept it.

    Parameters
    ----------
    webhook
        A block that was loaded from the server.
    """
    document = webhook._block_document_id
    assert document is not None  # loaded from the server
    text = "{{ flow.name }}/{{ deployment.name }}: {{ flow_run.name }} {{ flow_run.state.name }} {{ flow_run|ui_url }}"
    return Automation(
        name=FAILURES,
        description="Calls SPATIALCORE_WEBHOOK_URL for runs that failed or crashed.",
        trigger=_on({"prefect.flow-run.Failed", "prefect.flow-run.Crashed"}),
        actions=[CallWebhook(block_document_id=document, payload=json.dumps({"text": text}))],
    )


def retry_crashed_runs(*, enabled: bool) -> Automation:
    """Return the automation that starts the deployment of a crashed run again; the number of retries has no limit."""
    return Automation(
        name=RETRIES,
        description=f"For deployments with the tag {RETRY_TAG}. The number of retries has no limit.",
        enabled=enabled,
        trigger=_on({"prefect.flow-run.Crashed"}, tag=RETRY_TAG),
        actions=[RunDeployment(source="inferred", parameters={"config": _SAME_PARAMETERS})],
    )


def _on(events: set[str], tag: str = "spatialcore") -> EventTrigger:
    return EventTrigger(
        expect=events,
        match=_ANY_RUN,
        match_related={"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{tag}"},
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(0),
    )
