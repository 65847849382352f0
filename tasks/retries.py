"""Retry tasks after transient faults of storage and network, and only after these."""

from typing import Any, Final

import httpx
from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from spatialcore.errors import TransientStorageError

TRANSIENT: Final = (TransientStorageError, ConnectionError, TimeoutError, httpx.TransportError)  # httpx: Prefect's API


def is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Return whether a task run failed with a transient error: 5xx, SlowDown, time-out, reset, short body."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, TRANSIENT)


CLOUD: Final[dict[str, Any]] = {
    "retries": 2,  # the storage layer has retried for two minutes each time
    "retry_delay_seconds": exponential_backoff(backoff_factor=4),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_transient,
}
