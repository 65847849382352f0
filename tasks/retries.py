"""When a task is tried again: after a fault of a cloud that passes, never after one that would come again."""

from typing import Any, Final

import httpx
from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from spatialcore.errors import TransientStorageError

TRANSIENT: Final = (TransientStorageError, ConnectionError, TimeoutError, httpx.TransportError)  # the last: of Prefect


def is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Tell whether the fault that ended a try is one that passes: 5xx, SlowDown, time-outs, resets, short bodies."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, TRANSIENT)


CLOUD: Final[dict[str, Any]] = {
    "retries": 4,
    "retry_delay_seconds": exponential_backoff(backoff_factor=4),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_transient,
}
