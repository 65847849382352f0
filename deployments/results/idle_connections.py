"""Close connections that send no request; uvicorn itself waits for the first request without a limit."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class IdleLimitedProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection on which no request has been processed for ``timeout_keep_alive`` seconds."""

    _idle_check: asyncio.TimerHandle | None = None
    _waiting_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer."""
        super().connection_made(transport)
        self._check_idle()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        if self._idle_check is not None:
            self._idle_check.cancel()
        super().connection_lost(exc)

    def _check_idle(self) -> None:
        limit, now = float(self.timeout_keep_alive), self.loop.time()
        cycle: Any = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        elif now - self._waiting_since >= limit:
            self.transport.close()
            return
        self._idle_check = self.loop.call_later(limit / 4, self._check_idle)
