"""What runs left, for browsers: ``python -m deployments.results_server --port 4201``.

The Prefect UI links to reports. A browser opens neither a file of the worker nor an object of a private bucket; this
hands out what lies below ``runs/`` and ``models/`` of the store, to whoever has the login.
"""

import argparse
import ipaddress
import os
import sys
from typing import Final
from urllib.parse import urlsplit

from deployments.environment import Installation
from deployments.login import login_of
from deployments.results.app import results_app
from spatialcore.errors import InputError, SpatialCoreError

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
IDLE: Final = 20  # seconds that a connection may stay open without a request
CONNECTIONS: Final = 200


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m deployments.results_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4201)
    options = parser.parse_args()
    try:
        serve(options.host, options.port, Installation.of(), login_of())
    except SpatialCoreError as error:
        sys.exit(str(error))


def serve(host: str, port: int, installation: Installation, login: str) -> None:
    """Answer at an address until the process is ended.

    Raises
    ------
    InputError
        Other machines could reach the address, and there is no login; or the port cannot be had.
    """
    import uvicorn

    from deployments.results.idle_connections import IdleLimitedProtocol

    refuse_open_door(host, login)
    if not 0 <= port < 65536:
        raise InputError(f"port {port}", hint="give a number from 1 to 65535")
    uvicorn.run(
        results_app(installation.store, login, allowed_hosts(host, installation.files)),
        host=host,
        port=port,
        http=IdleLimitedProtocol,
        ws="none",
        timeout_keep_alive=IDLE,
        limit_concurrency=CONNECTIONS,
        log_level="warning",
        server_header=False,
    )


def refuse_open_door(host: str, login: str) -> None:
    """Raise if results would be handed to every machine that reaches this one.

    Raises
    ------
    InputError
        The address is not one of this machine alone, and there is no login.
    """
    if not login and not is_loopback(host):
        raise InputError(
            f"--host {host}: other machines reach this address, and there is no login",
            hint="set SPATIALCORE_FILES_LOGIN or PREFECT_SERVER_API_AUTH_STRING to user:password",
        )


def is_loopback(host: str) -> bool:
    """Tell whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str, url: str) -> list[str]:
    """Return the names by which browsers may call this server: a page elsewhere could give it another one.

    Parameters
    ----------
    host
        The address that is listened on.
    url
        Where browsers find the server (``SPATIALCORE_FILES_URL``), or nothing.
    """
    more = os.environ.get("SPATIALCORE_FILES_HOSTS", "").split(",")
    names = [*LOOPBACK_NAMES, urlsplit(url).hostname or "", *(name.strip() for name in more)]
    names += [] if host in {"0.0.0.0", "::"} else [host]
    return sorted({name for name in names if name})


if __name__ == "__main__":
    main()
