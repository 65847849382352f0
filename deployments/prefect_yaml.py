"""Write deployments/prefect.yaml from the tissues: ``python -m deployments.prefect_yaml``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from deployments.definitions import POOL, Definition, definitions
from deployments.tissue_settings import shipped_tissues

PATH: Final = Path(__file__).with_name("prefect.yaml")
OWN: Final = "own"  # slug of the schedules that come from here; those that people add have none
HEAD: Final = """\
# Made by `python -m deployments.prefect_yaml` from deployments/tissues/*.yaml: change those, not this file.
# SPATIALCORE_STORE must be set: `SPATIALCORE_STORE=s3://bucket/store prefect deploy --all --prefect-file {name}`;
# `python -m deployments.setup` does this, and makes the work pool, blocks and automations.
"""


class _Plain(yaml.SafeDumper):
    """Write every value out: anchors are for machines."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def render(deployments: Sequence[Definition] | None = None) -> str:
    """Return the text of prefect.yaml; nothing given: of the tissues that come with the package."""
    wanted = definitions(shipped_tissues()) if deployments is None else deployments
    content = {"name": "spatialcore", "pull": [], "deployments": [as_deployment(each) for each in wanted]}
    return HEAD.format(name="deployments/prefect.yaml") + yaml.dump(
        content, Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True
    )


def as_deployment(definition: Definition) -> dict[str, Any]:
    """Return a deployment in prefect.yaml's words."""
    return {
        "name": definition.name,
        "entrypoint": definition.entrypoint,
        "description": definition.description,
        "tags": ["spatialcore", definition.started, *definition.tags],
        "work_pool": {"name": POOL, "work_queue_name": definition.queue},
        "parameters": {"config": definition.config},
        **_limit(definition),
        **_start(definition),
    }


def _limit(definition: Definition) -> dict[str, Any]:
    """Say that a second run waits for the first, where that is so."""
    return {"concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"}} if definition.one_at_a_time else {}


def _start(definition: Definition) -> dict[str, Any]:
    """Say what starts it by itself: a schedule, an event, both or nothing."""
    entry: dict[str, Any] = {}
    if definition.schedule is not None:
        entry["schedules"] = [{"slug": OWN, **definition.schedule.model_dump()}]
    if definition.event is not None:
        entry["triggers"] = [_trigger(definition.trigger, *definition.event)]
    return entry


def _trigger(name: str, event: str, resource: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "event",
        "enabled": True,
        "match": {"prefect.resource.id": resource},
        "expect": [event],
    }


def main() -> None:
    """Write the file; with --check, only say whether it is as it should be."""
    if "--check" not in sys.argv[1:]:
        PATH.write_text(render())
    elif not PATH.exists() or PATH.read_text() != render():
        sys.exit(f"{PATH} is not what the tissues make of it: run python -m deployments.prefect_yaml")


if __name__ == "__main__":
    main()
