"""A bar for long transfers, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

Advance = Callable[[int], None]
_WORTH_A_BAR: Final = 16 << 20


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Advance]:
    """Yield a function to be told how many more bytes are done."""
    from tqdm import tqdm

    small = total is not None and total < _WORTH_A_BAR
    with tqdm(total=total, desc=title, unit="B", unit_scale=True, disable=True if small else None) as bar:
        yield lambda count: (bar.update(count), None)[1]
