"""Say by the exit code whether the server works: ``python -m deployments.health``. For containers without curl.

It answers, its database does too, and its clock is that of this machine.
"""

import os
import sys
import urllib.request

from deployments.clock import clock_difference, refuse_wrong_clock
from spatialcore.errors import SpatialCoreError


def main() -> None:
    """Ask the server that PREFECT_API_URL names; this machine's where nothing is said."""
    url = os.environ.get("PREFECT_API_URL") or "http://127.0.0.1:4200/api"
    try:
        check(url)
    except (OSError, SpatialCoreError) as error:
        sys.exit(f"{url}: {error}")


def check(url: str) -> None:
    """Raise if a server, its database or its clock is not as it should be.

    ``/health`` answers also while the database is away; ``/ready`` asks it.

    Raises
    ------
    OSError
        The server does not answer, or its database does not.
    SpatialCoreError
        The clocks differ by more than 30 seconds.
    """
    urllib.request.urlopen(f"{url.rstrip('/')}/ready", timeout=8).close()
    refuse_wrong_clock(clock_difference(url))


if __name__ == "__main__":
    main()
