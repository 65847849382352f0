"""A progress bar for long transfers, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

Advance = Callable[[int], None]
_SMALL: Final = 16 << 20


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Advance]:
    """Yield a function to call with the number of bytes that were transferred since the last call."""
    from tqdm import tqdm

    small = total is not None and total < _SMALL
    with tqdm(total=total, desc=title, unit="B", unit_scale=True, disable=True if small else None) as bar:
        yield lambda count: (bar.update(count), None)[1]
