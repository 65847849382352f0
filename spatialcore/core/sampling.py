"""How many cells of each kind to draw, and which: whole numbers that add up."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatialcore.core.types import Floats, Ints

LABEL_MINIMUM = 10


def share_out(total: int, weights: Floats | Ints, room: Ints | None = None) -> Ints:
    """Split a total in proportion to weights by largest remainder, nobody above their room.

    What a full one cannot take goes to those with room left, again in proportion to their weights. Ties go to the
    first.

    Parameters
    ----------
    total
        What to split; less is given when the rooms end first.
    weights
        Non-negative, one per taker.
    room
        The most that each may get; None for no limit.
    """
    weight = np.asarray(weights, dtype=np.float64)
    limit = np.full(len(weight), total, np.int64) if room is None else np.asarray(room, dtype=np.int64)
    given = np.zeros(len(weight), np.int64)
    left = min(int(total), int(limit[weight > 0].sum()))
    while left > 0:
        open_ = (given < limit) & (weight > 0)
        exact = np.where(open_, weight, 0.0) * (left / weight[open_].sum())
        more = np.minimum(np.floor(exact + 1e-9).astype(np.int64), limit - given)
        if (more == np.floor(exact + 1e-9)).all():
            order = np.argsort(-np.where(open_ & (given + more < limit), exact - more, -1.0), kind="stable")
            more[order[: min(left - int(more.sum()), int((open_ & (given + more < limit)).sum()))]] += 1
        given += more
        left -= int(more.sum())
    return given


def stratified_sizes(counts: Ints, total: int, floor: int) -> Ints:
    """Return how many to draw of each stratum: in proportion, no stratum falling below a floor that it reached.

    When the floors alone exceed the total, they are lowered together.

    Parameters
    ----------
    counts
        Cells there are, per stratum.
    total
        Cells to draw.
    floor
        Cells that a stratum keeps, or all where it has fewer.
    """
    if int(counts.sum()) <= total:
        return counts.astype(np.int64)
    least = np.minimum(counts, floor)
    if int(least.sum()) >= total:
        return level(total, least)
    sizes = np.maximum(share_out(total, counts, counts), least)
    return take_off(sizes, int(sizes.sum()) - total, least)


def level(total: int, room: Ints) -> Ints:
    """Split a total as evenly as rooms allow."""
    return share_out(total, np.ones(len(room)), room)


def take_off(sizes: Ints, excess: int, least: Ints) -> Ints:
    """Take an excess off the largest, down to an even height, nobody below their least."""
    if excess <= 0:
        return sizes
    low, high = 0, int(sizes.max())
    while low < high:  # the highest even height that takes off enough
        height = (low + high + 1) // 2
        if int((sizes - np.minimum(sizes, np.maximum(height, least))).sum()) >= excess:
            low = height
        else:
            high = height - 1
    cut = np.minimum(sizes, np.maximum(low, least))
    too_much = int((sizes - cut).sum()) - excess
    cut[np.flatnonzero((cut < sizes) & (cut == low))[:too_much]] += 1
    return cut


def draw_stratified(labels: pd.Categorical, sizes: Ints, rng: np.random.Generator) -> Ints:
    """Return the sorted rows drawn: ``sizes[k]`` of the cells with code k; NaN (code -1) is never drawn."""
    codes = np.asarray(labels.codes)
    shuffled = rng.permutation(len(codes))
    order = shuffled[np.argsort(codes[shuffled], kind="stable")]
    begin = np.searchsorted(codes[order], np.arange(len(sizes)))
    drawn = [order[start : start + size] for start, size in zip(begin, sizes, strict=True)]
    return np.sort(np.concatenate(drawn)) if drawn else np.empty(0, np.int64)


def cell_keys(names: pd.Index, random_state: int) -> NDArray[np.uint64]:
    """Return a seeded random number for each cell that depends on its name and on nothing else.

    The cells with the smallest numbers are the draw: it is the same whatever the order of the rows, and a larger draw
    contains the smaller one.
    """
    seed = np.random.default_rng(random_state).bytes(8).hex()
    texts = np.asarray(names.astype(str), dtype=object)
    return np.asarray(pd.util.hash_array(texts, hash_key=seed, categorize=False))


def draw_by_label(ids: Ints, labels: NDArray[np.object_], n: int, rng: np.random.Generator) -> Ints:
    """Draw ``n`` Census cells, stratified by label with a minimum of `LABEL_MINIMUM` cells per label.

    The sizes differ from `stratified_sizes`: every label first gets its minimum, and the remaining cells are split in
    proportion to the cells that are not drawn yet. `stratified_sizes` splits the whole total in proportion and then
    raises small labels to the minimum, which takes the difference from the largest labels. Changing one into the other
    would change the cells of references that are stored under ``max_cells`` and ``random_state``.

    Parameters
    ----------
    ids
        Cell ids, in any order.
    labels
        Label of each cell.
    n
        Number of cells to draw; all cells are returned if there are fewer.
    rng
        Random generator. The draw depends on it and on the cells, not on the order of the cells.

    Returns
    -------
    ndarray of int64
        Sorted ids of the drawn cells.

    Examples
    --------
    >>> import numpy as np
    >>> draw_by_label(np.arange(4), np.array(["a", "a", "b", "b"], object), 9, np.random.default_rng(0)).tolist()
    [0, 1, 2, 3]
    """
    if n >= len(ids):
        return np.sort(ids)
    groups = pd.Series(ids).groupby(np.asarray(labels, dtype=str), sort=True)
    sizes: Ints = groups.size().to_numpy().astype(np.int64)
    drawn = [
        rng.choice(np.sort(group.to_numpy()), size=count, replace=False)
        for (_, group), count in zip(groups, _sizes_above_minimum(sizes, n), strict=True)
        if count
    ]
    return np.sort(np.concatenate(drawn))


def _sizes_above_minimum(sizes: Ints, n: int) -> Ints:
    """Split ``n`` over groups: a minimum for each, the rest in proportion to the cells not drawn yet."""
    minimum = np.minimum(sizes, min(LABEL_MINIMUM, n // len(sizes)))
    rest = n - minimum.sum()
    available = sizes - minimum
    exact = rest * available / available.sum() if available.sum() else np.zeros(len(sizes))
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: rest - whole.sum()]] += 1
    total: Ints = minimum + whole
    return total
