"""What is given up, and when: hosts that have no address at once, servers that keep failing after a while."""

import re
import socket
import time
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from spatialcore.errors import StorageError

HINT: Final = "check the network of this machine, and the spelling of the host"
_NO_ADDRESS: Final = re.compile(
    r"gaierror|NameResolution|ConnectorDNS|Name or service not known|nodename nor servname|"
    r"[Tt]emporary failure in name resolution|No address associated|getaddrinfo failed|Failed to resolve"
)


def is_unresolved(error: BaseException) -> bool:
    """Tell whether an error says that a host name has no address.

    Examples
    --------
    >>> is_unresolved(socket.gaierror(-2, "Name or service not known")), is_unresolved(ConnectionResetError())
    (True, False)
    """
    return isinstance(error, socket.gaierror) or bool(_NO_ADDRESS.search(f"{type(error).__name__} {error}"))


def require_host(url: str) -> None:
    """Raise if the host of a URL has no address: client libraries would go on asking for minutes.

    Where a proxy is set it asks, and nothing is looked up here.

    Raises
    ------
    StorageError
        The host has no address.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme in getproxies() and not proxy_bypass(host):
        return
    try:
        socket.getaddrinfo(host, parts.port or 443)
    except socket.gaierror as error:
        raise StorageError(f"host not found: {host}: {error}", hint=HINT) from None


class FailingFor:
    """A stop condition of tenacity: a request that has kept failing for some time is given up.

    The time begins with the first failure, so a transfer that was going well for an hour is tried again all the same.

    Parameters
    ----------
    seconds
        How long it may keep failing.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._first: float | None = None

    def __call__(self, _state: Any) -> bool:
        """Tell whether to stop; asked after each failure."""
        now = time.monotonic()
        self._first = now if self._first is None else self._first
        return now - self._first >= self._seconds
