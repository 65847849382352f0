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

ZOMBIES: Final = "spatialcore: runs that died"
FAILURES: Final = "spatialcore: tell of failures"
AGAIN: Final = "spatialcore: start crashed runs again"
RETRY_TAG: Final = "retry-crashed"
_ENDED: Final = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
# The parameters of the crashed run, not the defaults of its deployment.
_SAME: Final = {
    "__prefect_kind": "json",
    "value": {"__prefect_kind": "jinja", "template": "{{ flow_run.parameters['config'] | tojson }}"},
}
_ANY_RUN: Final = {"prefect.resource.id": "prefect.flow-run.*"}


def save_automations(client: SyncPrefectClient, installation: Installation) -> list[str]:
    """Create or update the automations and return their names."""
    automations = [zombies(), again(enabled=installation.retry_crashed)]
    if installation.webhook:
        automations.append(failures(cast(Webhook, Webhook.load(NAME))))
    for automation in automations:
        _save(client, automation)
    return [automation.name for automation in automations]


def _save(client: SyncPrefectClient, automation: Automation) -> None:
    """Create an automation unless an equal one exists: a new one would lose the runs that the old one watches."""
    existing = client.read_automations_by_name(automation.name)
    unchanged = next((other for other in existing if _content(other) == _content(automation)), None)
    for other in existing:
        if other is not unchanged:
            client.delete_automation(other.id)
    if unchanged is None:
        automation.create()


def _content(automation: AutomationCore) -> dict[str, Any]:
    """Return the content to compare; events stay sets, because the order of their JSON lists varies."""
    content = automation.model_dump(include=set(AutomationCore.model_fields), exclude={"trigger": {"id"}})
    return {name: value for name, value in content.items() if name != "owner_resource"}


def zombies() -> Automation:
    """Mark a run as crashed after two and a half heartbeats without one."""
    return Automation(
        name=ZOMBIES,
        description="A run whose process was killed sends no heartbeat: it is marked Crashed and its slot is freed.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *_ENDED},
            match=_ANY_RUN,
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=2.5 * HEARTBEAT),
        ),
        actions=[
            ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message="no heartbeat: the process has ended")
        ],
    )


def failures(webhook: Webhook) -> Automation:
    """Call a webhook for each run that failed or crashed, with a payload that Slack and Teams accept."""
    document = webhook._block_document_id
    assert document is not None  # loaded from the server
    text = "{{ flow.name }}/{{ deployment.name }}: {{ flow_run.name }} {{ flow_run.state.name }} {{ flow_run|ui_url }}"
    return Automation(
        name=FAILURES,
        description="Calls SPATIALCORE_WEBHOOK_URL for runs that failed or crashed.",
        trigger=_on({"prefect.flow-run.Failed", "prefect.flow-run.Crashed"}),
        actions=[CallWebhook(block_document_id=document, payload=json.dumps({"text": text}))],
    )


def again(*, enabled: bool) -> Automation:
    """Run the deployment of a crashed run again; off by default, since the number of retries has no limit."""
    return Automation(
        name=AGAIN,
        description=f"For deployments with the tag {RETRY_TAG}. A run that always crashes is started again and again.",
        enabled=enabled,
        trigger=_on({"prefect.flow-run.Crashed"}, tag=RETRY_TAG),
        actions=[RunDeployment(source="inferred", parameters={"config": _SAME})],
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
