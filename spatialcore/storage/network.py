"""When requests are no longer repeated: at once for a host without an address, after a while for a failing server."""

import re
import socket
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from spatialcore.errors import StorageError

if TYPE_CHECKING:
    from tenacity import RetryCallState

HINT: Final = "check the network of this machine, and the spelling of the host"
_NO_ADDRESS: Final = re.compile(
    r"gaierror|NameResolution|ConnectorDNS|Name or service not known|nodename nor servname|"
    r"[Tt]emporary failure in name resolution|No address associated|getaddrinfo failed|Failed to resolve"
)


def is_unresolved(error: BaseException) -> bool:
    """Return whether an error means that a host name has no address.

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

    The time begins when the first failing attempt could last have made progress: a transfer that went well for an hour
    is tried again, and an attempt that ended by its timeout counts in full.

    Parameters
    ----------
    seconds
        How long it may keep failing.
    timeout
        The longest time without progress after which an attempt fails by itself, in seconds.
    """

    def __init__(self, seconds: float, timeout: float = 0.0) -> None:
        self._seconds, self._timeout = seconds, timeout
        self._begin: float | None = None

    def __call__(self, state: "RetryCallState") -> bool:
        """Return whether to stop; called after each failure."""
        now = time.monotonic()
        if self._begin is None:
            self._begin = now - min(state.seconds_since_start or 0.0, self._timeout)
        return now - self._begin >= self._seconds
