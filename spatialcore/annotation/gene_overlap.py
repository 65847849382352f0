"""Check that two sets of genes overlap enough: a panel and a reference, a model and a query.

The share is taken of the smaller set: a reference that measures fewer genes than a large panel is not refused for that.
"""

from typing import Final

MIN_GENES: Final = 10


def is_enough(shared: int, panel: int, other: int, min_pct: float) -> bool:
    """Return whether a panel and another set of genes share enough.

    That is ``min_pct`` per cent of the smaller set, and ten genes (of a panel of fewer: any).

    Examples
    --------
    >>> is_enough(261, 1267, 500, 25), is_enough(9, 500, 30, 25), is_enough(2, 2, 500, 25)
    (True, False, True)
    """
    minimum = MIN_GENES if panel >= MIN_GENES else 1
    return shared >= minimum and 100 * shared >= min_pct * min(panel, other)


def shared_pct(shared: int, panel: int, other: int) -> float:
    """Return the shared genes in per cent of the smaller set."""
    return 100 * shared / max(1, min(panel, other))
