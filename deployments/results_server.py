"""Serve the results in the store to browsers: ``python -m deployments.results_server --port 4201``.

The Prefect UI links to reports, but browsers can open neither files of the worker nor objects in a private bucket. This
server serves the files under ``runs/`` and ``models/`` of the store to users with the login.
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
IDLE: Final = 20  # seconds that a connection without a request may stay open
CONNECTIONS: Final = 200


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m deployments.results_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=4201, help="port to listen on (default: %(default)s)")
    options = parser.parse_args()
    try:
        serve(options.host, options.port, Installation.from_environment(), login_of())
    except SpatialCoreError as error:
        sys.exit(str(error))


def serve(host: str, port: int, installation: Installation, login: str) -> None:
    """Serve the results of an installation until the process is ended.

    Parameters
    ----------
    host, port
        Address to listen on.
    installation
        The store, and the URL by which browsers reach this server.
    login
        ``user:password``; empty: no login.

    Raises
    ------
    InputError
        Other machines can reach the address and there is no login, or the port is not a valid port number.
    """
    import uvicorn

    from deployments.results.idle_connections import IdleLimitedProtocol

    require_login(host, login)
    if not 0 <= port < 65536:
        raise InputError(f"--port {port}: not a valid port number", hint="use a number from 1 to 65535")
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


def require_login(host: str, login: str) -> None:
    """Raise if other machines can reach the address and there is no login.

    Raises
    ------
    InputError
        The address is not a loopback address, and `login` is empty.
    """
    if not login and not is_loopback(host):
        raise InputError(
            f"--host {host}: other machines can reach this address, and there is no login",
            hint="set SPATIALCORE_FILES_LOGIN or PREFECT_SERVER_API_AUTH_STRING to user:password",
        )


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str, url: str) -> list[str]:
    """Return the allowed values of the ``Host`` header, which protects against DNS rebinding.

    Parameters
    ----------
    host
        The address to listen on.
    url
        URL by which browsers reach the server (``SPATIALCORE_FILES_URL``); may be empty. ``SPATIALCORE_FILES_HOSTS``
        adds further names, separated by commas.

    Returns
    -------
    list of str
        Host names without ports.

    Examples
    --------
    >>> allowed_hosts("0.0.0.0", "https://results.lab.org")
    ['127.0.0.1', '[::1]', 'localhost', 'results.lab.org']
    """
    further = os.environ.get("SPATIALCORE_FILES_HOSTS", "").split(",")
    names = [*LOOPBACK_NAMES, urlsplit(url).hostname or "", *(name.strip() for name in further)]
    names += [] if host in {"0.0.0.0", "::"} else [host]
    return sorted({name for name in names if name})


if __name__ == "__main__":
    main()
