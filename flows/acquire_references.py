"""Copy references from their sources to a store, in parallel."""

from typing import Any

from prefect import flow
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.parameters import AcquireParameters, Acquisition
from tasks.acquire import acquire

DOWNLOADS: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=4)


@flow(
    name="acquire_references",
    task_runner=DOWNLOADS,
    description="Copy references to their destinations and return their URIs.",
)
def acquire_references(config: AcquireParameters) -> list[str]:
    """Copy references to their destinations and return their URIs.

    Args:
        config: The references and their destinations.

    Examples:
        The parameters are checked as by the form:

        >>> reference = {"source": "https://example.org/lung.h5ad", "output": "s3://references/lung.h5ad"}
        >>> acquire_references.validate_parameters({"config": {"references": [reference]}})["config"].force
        False
    """
    futures = [acquire.submit(item.source, item.output, _options(item, config)) for item in config.references]
    return [future.result() for future in futures]


def _options(item: Acquisition, config: AcquireParameters) -> dict[str, int | bool]:
    return {"force": config.force, **({"max_cells": item.max_cells} if item.max_cells else {})}
