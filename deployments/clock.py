"""Compare this machine's clock with the server's: the server judges heartbeats by the times that they carry."""

import time
import urllib.request
from email.utils import parsedate_to_datetime
from typing import Final

from spatialcore.errors import SpatialCoreError

TOLERANCE: Final = 30.0  # seconds; a run whose heartbeats seem 75 s old is marked Crashed
_ROUNDING: Final = 0.5  # the server's time is in whole seconds, on average half a second too early


def clock_difference(api: str, timeout: float = 8.0) -> float:
    """Return how far this machine's clock is ahead of the server's.

    Parameters
    ----------
    api
        URL of the server's API, as in ``PREFECT_API_URL``.
    timeout
        Seconds to wait for a response.

    Returns
    -------
    float
        Seconds; negative if this clock is behind.

    Raises
    ------
    OSError
        The server does not respond.
    """
    before = time.time()
    with urllib.request.urlopen(f"{api.rstrip('/')}/health", timeout=timeout) as response:
        date = response.headers["Date"]
    middle = (before + time.time()) / 2
    return middle - (parsedate_to_datetime(date).timestamp() + _ROUNDING) if date else 0.0


def refuse_wrong_clock(difference: float) -> None:
    """Raise if the clocks differ so much that the server may mark live runs as Crashed.

    Parameters
    ----------
    difference
        Seconds, from :func:`clock_difference`.

    Raises
    ------
    SpatialCoreError
        They differ by more than 30 seconds.
    """
    if abs(difference) > TOLERANCE:
        direction = "ahead of" if difference > 0 else "behind"
        raise SpatialCoreError(
            f"this machine's clock is {abs(difference):.0f} s {direction} the server's; the limit is {TOLERANCE:.0f} s",
            hint="synchronize both with a time server: timedatectl set-ntp true",
        )
