"""Start a worker: ``python -m deployments.worker``. It refuses to start if the machine's clock is wrong.

This process becomes Prefect's worker. A small process beside it sends an event every 30 seconds while the worker lives:
the server measures time by the events that it receives, and one that arrives late, after an outage, sets that time back
until a newer one arrives.
"""

import os
import subprocess
import sys
import time

from deployments.clock import clock_difference, refuse_wrong_clock
from deployments.environment import HEARTBEAT, WORKER
from deployments.event_client import send_event
from spatialcore.errors import SpatialCoreError

POOL = "spatialcore"  # as in deployments.definitions, whose imports take a second
ALIVE = "spatialcore.worker.alive"
_HEARTBEATS = "--heartbeats-of"


def main() -> None:
    """Start a worker; arguments, such as ``--limit 2``, are those of ``prefect worker start``."""
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        sys.exit("PREFECT_API_URL is not set: set it to the URL of the server, such as http://127.0.0.1:4200/api")
    if sys.argv[1:2] == [_HEARTBEATS]:
        send_heartbeats(url, int(sys.argv[2]))
        return
    try:
        refuse_wrong_clock(clock_difference(url))
    except (OSError, SpatialCoreError) as error:
        sys.exit(f"{url}: {error}")
    subprocess.Popen([sys.executable, "-m", "deployments.worker", _HEARTBEATS, str(os.getpid())])
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, *sys.argv[1:]]
    os.execve(sys.executable, command, {**WORKER, **os.environ})  # so that the worker itself receives signals


def send_heartbeats(url: str, worker: int, every: float = HEARTBEAT) -> None:
    """Send an event at regular intervals, and warn if the clocks differ, until the worker has ended.

    Parameters
    ----------
    url
        URL of the server's API.
    worker
        Process id of the worker, the parent of this process.
    every
        Seconds between two events.
    """
    due = time.monotonic()
    while os.getppid() == worker:
        if time.monotonic() >= due:
            due += every
            _send_heartbeat(url)
        time.sleep(0.5)


def _send_heartbeat(url: str) -> None:
    try:
        send_event(url, ALIVE, f"spatialcore.worker.{os.uname().nodename}")
        refuse_wrong_clock(clock_difference(url))
    except OSError as error:
        print(f"warning: {url} does not respond: {error}", file=sys.stderr, flush=True)
    except SpatialCoreError as error:
        print(f"warning: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
