"""Time-outs, retries and block sizes of storage; every field can be set from the environment."""

import os
from dataclasses import dataclass, fields
from typing import Any, Final, Self

PREFIX: Final = "SPATIALCORE_STORAGE_"
MB: Final = 1 << 20


@dataclass(frozen=True)
class StorageSettings:
    """Time-outs, retries and block sizes of storage.

    The environment variable ``SPATIALCORE_STORAGE_<FIELD>`` overrides a field.
    """

    attempts: int = 7
    """Attempts of one request before a transient fault is reported."""
    budget: float = 120.0
    """Seconds that one request may make no progress before it is given up, retries included."""
    first_wait: float = 0.5
    """Seconds before the second attempt; doubled each time, with jitter."""
    longest_wait: float = 20.0
    """Seconds between two attempts at most."""
    connect_timeout: float = 15.0
    """Seconds to wait for a connection."""
    read_timeout: float = 60.0
    """Seconds without a byte before a transfer counts as stalled."""
    block: int = 8 * MB
    """Bytes sent in one part, and at most downloaded again after a kill."""
    stretch: int = 64 * MB
    """Bytes requested at once by a download; they are written as they arrive."""
    streams: int = 4
    """Concurrent requests of one transfer; memory is about ``block * streams``."""

    @classmethod
    def from_environment(cls) -> Self:
        """Return the defaults, overridden from the environment.

        Examples
        --------
        >>> StorageSettings.from_environment().streams
        4
        """
        values: dict[str, Any] = {}
        for field in fields(cls):
            text = os.environ.get(PREFIX + field.name.upper())
            if text:
                values[field.name] = int(text) if isinstance(field.default, int) else float(text)
        return cls(**values)
