"""Progress bars of stages and long loops, in notebooks and on terminals."""

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from spatialcore.core.settings import settings

T = TypeVar("T")
Advance = Callable[[int], None]
StartStage = Callable[[str], None]


def track(items: Sequence[T], title: str) -> Iterable[T]:
    """Iterate over items with a progress bar; a single item has none.

    Examples
    --------
    >>> [n + 1 for n in track([1, 2], "add")]
    [2, 3]
    """
    if len(items) < 2:
        yield from items
        return
    with progress_bar(title, len(items)) as advance:
        for item in items:
            yield item
            advance(1)


@contextmanager
def progress_bar(title: str, total: int | None, unit: str = "it", *, scale: bool = False) -> Iterator[Advance]:
    """Yield a function that adds to the number of finished units.

    Parameters
    ----------
    title
        Text before the bar.
    total
        Number of units; None if it is unknown.
    unit
        Name of a unit.
    scale
        Write large numbers with prefixes (k, M).
    """
    with _tqdm(total=total, desc=title, unit=unit, unit_scale=scale, leave=False) as bar:
        yield lambda count: (bar.update(count), None)[1]


@contextmanager
def stage_bar(total: int) -> Iterator[StartStage]:
    """Yield a function that names the stage that starts; the bar advances when the next one starts, and at the end."""
    layout = "{desc}{n_fmt}/{total_fmt} stages |{bar}| {elapsed}"
    with _tqdm(total=total, desc="starting", leave=True, bar_format=layout) as bar:
        names: list[str] = []

        def start(name: str) -> None:
            if names:
                bar.update(1)
            names.append(name)
            bar.set_description(name)

        yield start
        bar.set_description("done")
        bar.update(total - bar.n)


def draws_bars() -> bool:
    """Return whether progress bars are drawn: on a terminal or in a notebook, unless the settings turn them off."""
    return settings.progress and (sys.stderr.isatty() or in_notebook())


def in_notebook() -> bool:
    """Return whether the code runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


def _tqdm(**options: Any) -> Any:
    if not draws_bars():
        from tqdm import tqdm
    else:
        with warnings.catch_warnings():  # without ipywidgets, bars are texts
            warnings.filterwarnings("ignore", message="IProgress not found")
            from tqdm.auto import tqdm
    return tqdm(disable=not draws_bars(), dynamic_ncols=True, **options)
