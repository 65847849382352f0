"""Drawing cells before their expression is fetched."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FLOOR = 10


def draw_by_label(
    ids: NDArray[np.int64], labels: NDArray[np.object_], n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw `n` cells, each label in proportion, but none below `FLOOR` cells while it has them and there is room.

    Parameters
    ----------
    ids
        Cell ids, any order.
    labels
        Label of each cell.
    n
        How many are wanted; all are returned if there are no more.
    rng
        The only source of chance: the draw depends on it and on the cells, not on their order.

    Returns
    -------
    Sorted ids.
    """
    if n >= len(ids):
        return np.sort(ids)
    groups = pd.Series(ids).groupby(np.asarray(labels, dtype=str), sort=True)
    sizes: NDArray[np.int64] = groups.size().to_numpy().astype(np.int64)
    quota = _quota(sizes, n)
    drawn = [
        rng.choice(np.sort(group.to_numpy()), size=count, replace=False)
        for (_, group), count in zip(groups, quota, strict=True)
        if count
    ]
    return np.sort(np.concatenate(drawn))


def _quota(sizes: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Share `n` over groups: a floor for each, the rest in proportion to what is left, by largest remainder."""
    floor = np.minimum(sizes, min(FLOOR, n // len(sizes)))
    rest = n - floor.sum()
    room = sizes - floor
    exact = rest * room / room.sum() if room.sum() else np.zeros(len(sizes))
    quota = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - quota), kind="stable")
    quota[order[: rest - quota.sum()]] += 1
    total: NDArray[np.int64] = floor + quota
    return total
