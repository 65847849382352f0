"""A progress bar for long transfers."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

from spatialcore.core import progress
from spatialcore.core.progress import Advance

_MIN_BYTES: Final = 16 << 20


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Advance]:
    """Yield a function that adds to the number of transferred bytes; small files have no bar."""
    is_small = total is not None and total < _MIN_BYTES
    bar = nullcontext(_ignore) if is_small else progress.progress_bar(title, total, "B", scale=True)
    with bar as advance:
        yield advance


def _ignore(count: int) -> None:
    """Report no progress."""
