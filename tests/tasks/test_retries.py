"""Retries of tasks on a real Prefect server."""

import httpx
import pytest
from prefect import flow, task

from spatialcore.errors import FileMissingError, InputError, TransientStorageError
from tasks.retries import CLOUD

QUICK = {**CLOUD, "retry_delay_seconds": 0, "retry_jitter_factor": None}


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (TransientStorageError("503 SlowDown", hint="later"), 3),
        (ConnectionResetError("reset by peer"), 3),
        (httpx.ReadTimeout("of Prefect's API"), 3),
        (InputError("no such column"), 1),
        (FileMissingError("no such object"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_transient_errors_are_retried(error: Exception, attempts: int) -> None:
    calls: list[int] = []

    @task(**QUICK)
    def work() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise error
        return len(calls)

    @flow
    def run() -> int:
        return work()

    if attempts == 3:
        assert run() == 3
    else:
        with pytest.raises(type(error)):
            run()
    assert len(calls) == attempts
