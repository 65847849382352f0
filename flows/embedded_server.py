"""Prefect's embedded server: a longer start timeout, no telemetry, and a start in the background."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

NO_TELEMETRY: Final = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}

EMBEDDED: Final = {
    **NO_TELEMETRY,
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "spatialcore",
}


@contextmanager
def starting_server() -> Iterator[None]:
    """Start the embedded server while the block runs; a flow run after the block uses this server.

    A new database of Prefect takes ten seconds.
    """
    from prefect.server.api.server import SubprocessASGIServer  # not in the thread: imports would wait for each other

    with ThreadPoolExecutor(max_workers=1) as pool:
        started = pool.submit(SubprocessASGIServer().start)
        yield
        started.result()
