"""A worker on our work pool: ``python -m deployments.worker``. It starts only where the clock is right.

This process becomes Prefect's worker. A small one beside it sends an event every 30 seconds, as long as the worker
lives: the server judges the silence of runs by the time of the events that it hears. After an outage, with nothing but
dead runs, old events would be the last that it heard, and it would go on believing that time stood still.
"""

import os
import subprocess
import sys
import time

from deployments.clock import clock_difference, refuse_wrong_clock
from deployments.environment import HEARTBEAT, WORKER
from deployments.event_client import send_event
from spatialcore.errors import SpatialCoreError

POOL = "spatialcore"  # as in deployments.definitions, whose imports would take a second
ALIVE = "spatialcore.worker.alive"
_BESIDE = "--beside"


def main() -> None:
    """Become a worker; arguments, such as ``--limit 2``, are those of ``prefect worker start``."""
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        sys.exit("PREFECT_API_URL is not set: it names the server, as in http://127.0.0.1:4200/api")
    if sys.argv[1:2] == [_BESIDE]:
        keep_telling(url, int(sys.argv[2]))
        return
    try:
        refuse_wrong_clock(clock_difference(url))
    except (OSError, SpatialCoreError) as error:
        sys.exit(f"{url}: {error}")
    subprocess.Popen([sys.executable, "-m", "deployments.worker", _BESIDE, str(os.getpid())])
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, *sys.argv[1:]]
    os.execve(sys.executable, command, {**WORKER, **os.environ})  # the worker itself hears the signals


def keep_telling(url: str, worker: int, every: float = HEARTBEAT) -> None:
    """Send an event from time to time, and warn when the clocks have come apart, until the worker has ended.

    Parameters
    ----------
    url
        Address of the server's API.
    worker
        Process id of the worker, which has started this process.
    every
        Seconds between two events.
    """
    due = time.monotonic()
    while os.getppid() == worker:
        if time.monotonic() >= due:
            due += every
            _look_after(url)
        time.sleep(0.5)


def _look_after(url: str) -> None:
    try:
        send_event(url, ALIVE, f"spatialcore.worker.{os.uname().nodename}")
        refuse_wrong_clock(clock_difference(url))
    except OSError as error:
        print(f"the server does not answer: {error}", file=sys.stderr, flush=True)
    except SpatialCoreError as error:
        print(f"warning: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
