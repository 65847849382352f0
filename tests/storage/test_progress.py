"""Progress bars of transfers."""

import io
import sys

import pytest

from spatialcore.core.settings import settings
from spatialcore.storage.progress import progress_bar


class Terminal(io.StringIO):
    """A replacement for stderr on a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


@pytest.mark.parametrize(("n_bytes", "has_bar"), [(1 << 20, False), (1 << 30, True), (None, True)])
def test_large_transfers_have_a_bar(n_bytes: int | None, has_bar: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(settings, "_progress", True)
    with progress_bar("reference.h5ad", n_bytes) as advance:
        advance(100)
    assert ("reference.h5ad" in stream.getvalue()) == has_bar
