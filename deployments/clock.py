"""How far this machine's clock is from the server's: by it, heartbeats and the start of runs are judged."""

import time
import urllib.request
from email.utils import parsedate_to_datetime
from typing import Final

from spatialcore.errors import SpatialCoreError

TOLERATED: Final = 30.0  # seconds; a run whose heartbeats seem 75 s old is taken for dead
_WHOLE_SECONDS: Final = 0.5  # the server's answer has no fractions: half of one is added


def clock_difference(api: str, timeout: float = 8.0) -> float:
    """Return by how many seconds this machine's clock is ahead of the server's; negative: behind.

    Parameters
    ----------
    api
        Address of the server's API, as in ``PREFECT_API_URL``.
    timeout
        Seconds to wait for an answer.

    Raises
    ------
    OSError
        The server does not answer.
    """
    before = time.time()
    with urllib.request.urlopen(f"{api.rstrip('/')}/health", timeout=timeout) as answer:
        date = answer.headers["Date"]
    middle = (before + time.time()) / 2
    return middle - (parsedate_to_datetime(date).timestamp() + _WHOLE_SECONDS) if date else 0.0


def refuse_wrong_clock(difference: float) -> None:
    """Raise if the clocks of this machine and the server are so far apart that live runs may be taken for dead.

    Raises
    ------
    SpatialCoreError
        They differ by more than 30 seconds.
    """
    if abs(difference) > TOLERATED:
        where = "ahead of" if difference > 0 else "behind"
        raise SpatialCoreError(
            f"this machine's clock is {abs(difference):.0f} s {where} the server's; at most {TOLERATED:.0f} s are safe",
            hint="set both by a time server: timedatectl set-ntp true",
        )
