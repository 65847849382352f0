"""Check the health of the server: ``python -m deployments.health``. The exit code is 0 if it is healthy.

The server must respond, its database must respond, and its clock must agree with this machine's. Needs no curl.
"""

import os
import sys
import urllib.request

from deployments.clock import clock_difference, refuse_wrong_clock
from spatialcore.errors import SpatialCoreError


def main() -> None:
    """Check the server of PREFECT_API_URL; by default the server on this machine."""
    url = os.environ.get("PREFECT_API_URL") or "http://127.0.0.1:4200/api"
    try:
        check(url)
    except (OSError, SpatialCoreError) as error:
        sys.exit(f"{url}: {error}")


def check(url: str) -> None:
    """Raise if a server or its database does not respond, or its clock is wrong.

    Parameters
    ----------
    url
        URL of the server's API. ``/ready`` queries the database; ``/health`` responds even without the database.

    Raises
    ------
    OSError
        The server or its database does not respond.
    SpatialCoreError
        The clocks differ by more than 30 seconds.
    """
    urllib.request.urlopen(f"{url.rstrip('/')}/ready", timeout=8).close()
    refuse_wrong_clock(clock_difference(url))


if __name__ == "__main__":
    main()
