"""Automations: mark runs that died, tell of failures, and, where it is wanted, start crashed runs again."""

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
# The crashed run's own form, not the deployment's defaults, which lack what only its user knew.
_SAME: Final = {
    "__prefect_kind": "json",
    "value": {"__prefect_kind": "jinja", "template": "{{ flow_run.parameters['config'] | tojson }}"},
}
_ANY_RUN: Final = {"prefect.resource.id": "prefect.flow-run.*"}


def save_automations(client: SyncPrefectClient, here: Installation) -> list[str]:
    """Bring it about that each automation is there once and as it is written here; return their names."""
    wanted = [zombies(), again(enabled=here.retry_crashed)]
    if here.webhook:
        wanted.append(failures(cast(Webhook, Webhook.load(NAME))))
    for automation in wanted:
        _save(client, automation)
    return [automation.name for automation in wanted]


def _save(client: SyncPrefectClient, wanted: Automation) -> None:
    """Leave an automation alone that is as it should be: made anew, it would forget which runs it waits for."""
    there = client.read_automations_by_name(wanted.name)
    kept = next((old for old in there if _content(old) == _content(wanted)), None)
    for old in there:
        if old is not kept:
            client.delete_automation(old.id)
    if kept is None:
        wanted.create()


def _content(automation: AutomationCore) -> dict[str, Any]:
    """Return what an automation says; its events stay sets, which as JSON are lists in one order or another."""
    content = automation.model_dump(include=set(AutomationCore.model_fields), exclude={"trigger": {"id"}})
    return {name: value for name, value in content.items() if name != "owner_resource"}


def zombies() -> Automation:
    """Mark a run as crashed when it gave no sign of life for two and a half heartbeats."""
    return Automation(
        name=ZOMBIES,
        description="A run whose process was killed sends no heartbeat: it is marked Crashed and frees its place.",
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
            ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message="no heartbeat: its process is gone")
        ],
    )


def failures(webhook: Webhook) -> Automation:
    """Call a webhook for each run that failed or crashed; the payload is what Slack, Teams and the like take."""
    document = webhook._block_document_id
    assert document is not None  # it was loaded from the server
    text = "{{ flow.name }}/{{ deployment.name }}: {{ flow_run.name }} {{ flow_run.state.name }} {{ flow_run|ui_url }}"
    return Automation(
        name=FAILURES,
        description="Tells SPATIALCORE_WEBHOOK_URL of runs that failed or crashed.",
        trigger=_on({"prefect.flow-run.Failed", "prefect.flow-run.Crashed"}),
        actions=[CallWebhook(block_document_id=document, payload=json.dumps({"text": text}))],
    )


def again(*, enabled: bool) -> Automation:
    """Start the deployment of a crashed run again. It has no cap, so it is off unless asked for, and asks for a tag."""
    return Automation(
        name=AGAIN,
        description=f"For deployments with the tag {RETRY_TAG}. A run that crashes each time is started each time.",
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
