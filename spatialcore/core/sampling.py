"""Stratified sampling of cells: sizes per stratum, and seeded draws."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatialcore.core.types import Floats, Ints

LABEL_MINIMUM = 10
NAMES_AT_ONCE = 500_000


def draw_rows(n_rows: int, most: int, rng: np.random.Generator) -> Ints:
    """Return sorted row numbers: all rows, or a random draw of `most` where there are more.

    Examples
    --------
    >>> draw_rows(3, 5, np.random.default_rng(0)).tolist()
    [0, 1, 2]
    """
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(rng.choice(n_rows, most, replace=False))


def draw_runs(n_rows: int, most: int, rng: np.random.Generator, length: int = 10) -> Ints:
    """Return sorted row numbers: all rows, or `most` of them in runs of consecutive rows, which are cheap to read.

    Examples
    --------
    >>> draw_runs(40, 10, np.random.default_rng(0), length=5).tolist()
    [25, 26, 27, 28, 29, 35, 36, 37, 38, 39]
    """
    if n_rows <= most:
        return np.arange(n_rows)
    firsts = draw_rows(n_rows // length, most // length, rng) * length
    return (firsts[:, None] + np.arange(length)).ravel()


def share_out(total: int, weights: Floats | Ints, room: Ints | None = None) -> Ints:
    """Split a total in proportion to weights by the largest remainder method, with an upper limit per stratum.

    The excess of strata at their limit is split over the others in proportion to their weights. Ties go to the first
    stratum.

    Parameters
    ----------
    total
        Total to split; the result sums to less if the limits are reached.
    weights
        Non-negative weight of each stratum.
    room
        Limit of each stratum; None for no limit.

    Returns
    -------
    ndarray of int64
        Size of each stratum.

    Examples
    --------
    >>> share_out(10, np.array([8.0, 1.0, 1.0]), room=np.array([2, 9, 9])).tolist()
    [2, 4, 4]
    """
    weight = np.asarray(weights, dtype=np.float64)
    limit = np.full(len(weight), total, np.int64) if room is None else np.asarray(room, dtype=np.int64)
    sizes = np.zeros(len(weight), np.int64)
    remaining = min(int(total), int(limit[weight > 0].sum()))
    while remaining > 0:
        below_limit = (sizes < limit) & (weight > 0)
        exact = np.where(below_limit, weight, 0.0) * (remaining / weight[below_limit].sum())
        more = np.minimum(np.floor(exact + 1e-9).astype(np.int64), limit - sizes)
        if (more == np.floor(exact + 1e-9)).all():
            can_grow = below_limit & (sizes + more < limit)
            order = np.argsort(-np.where(can_grow, exact - more, -1.0), kind="stable")
            more[order[: min(remaining - int(more.sum()), int(can_grow.sum()))]] += 1
        sizes += more
        remaining -= int(more.sum())
    return sizes


def stratified_sizes(counts: Ints, total: int, floor: int) -> Ints:
    """Return the sample size of each stratum: proportional to its cells, but at least a minimum.

    If the minimums alone exceed the total, the total is split evenly.

    Parameters
    ----------
    counts
        Number of cells of each stratum.
    total
        Number of cells to draw.
    floor
        Minimum size of a stratum; a stratum with fewer cells is drawn completely.

    Returns
    -------
    ndarray of int64
        Number of cells to draw from each stratum.

    Examples
    --------
    >>> stratified_sizes(np.array([900, 90, 10]), 100, floor=5).tolist()
    [86, 9, 5]
    """
    if int(counts.sum()) <= total:
        return counts.astype(np.int64)
    minimum = np.minimum(counts, floor)
    if int(minimum.sum()) >= total:
        return level(total, minimum)
    sizes = np.maximum(share_out(total, counts, counts), minimum)
    return take_off(sizes, int(sizes.sum()) - total, minimum)


def level(total: int, room: Ints) -> Ints:
    """Split a total as evenly as the limits allow."""
    return share_out(total, np.ones(len(room)), room)


def take_off(sizes: Ints, excess: int, minimum: Ints) -> Ints:
    """Reduce the largest sizes to a common level until their sum has fallen by `excess`, none below its minimum.

    Examples
    --------
    >>> take_off(np.array([9, 5, 2]), 6, minimum=np.array([0, 4, 0])).tolist()
    [4, 4, 2]
    """
    if excess <= 0:
        return sizes
    low, high = 0, int(sizes.max())
    while low < high:  # the highest level that removes enough
        height = (low + high + 1) // 2
        if int((sizes - np.minimum(sizes, np.maximum(height, minimum))).sum()) >= excess:
            low = height
        else:
            high = height - 1
    reduced = np.minimum(sizes, np.maximum(low, minimum))
    surplus = int((sizes - reduced).sum()) - excess
    reduced[np.flatnonzero((reduced < sizes) & (reduced == low))[:surplus]] += 1
    return reduced


def draw_stratified(labels: pd.Categorical, sizes: Ints, rng: np.random.Generator) -> Ints:
    """Return sorted rows of a random sample: ``sizes[k]`` cells with code k. NaN (code -1) is never drawn."""
    codes = np.asarray(labels.codes)
    shuffled = rng.permutation(len(codes))
    order = shuffled[np.argsort(codes[shuffled], kind="stable")]
    begin = np.searchsorted(codes[order], np.arange(len(sizes)))
    rows = [order[start : start + size] for start, size in zip(begin, sizes, strict=True)]
    return np.sort(np.concatenate(rows)) if rows else np.empty(0, np.int64)


def cell_keys(names: pd.Index, random_state: int) -> NDArray[np.uint64]:
    """Return a seeded random number per cell that depends on the name of the cell only.

    The cells with the smallest numbers are the sample. It does not depend on the order of the rows, and a larger
    sample contains a smaller one.
    """
    seed = np.random.default_rng(random_state).bytes(8).hex()
    keys = np.empty(len(names), np.uint64)
    for first in range(0, len(names), NAMES_AT_ONCE):
        texts = np.asarray(names[first : first + NAMES_AT_ONCE].astype(str), dtype=object)
        keys[first : first + NAMES_AT_ONCE] = pd.util.hash_array(texts, hash_key=seed, categorize=False)
    return keys


def draw_named(names: pd.Index, most: int, random_state: int) -> Ints:
    """Return sorted rows of a random sample that depends on the names of the cells, not on the order of the rows.

    Parameters
    ----------
    names
        Of the cells.
    most
        Size of the sample; all rows are returned if there are fewer. Cells that share a name are drawn together, so
        that the sample may be smaller by some cells. Where most cells share one name, rows are drawn by their position.
    random_state
        Seed; with the same one, a larger sample contains a smaller one.

    Examples
    --------
    >>> names = pd.Index(["a", "b", "c", "d"])
    >>> drawn = names[draw_named(names, 2, random_state=0)]
    >>> sorted(drawn) == sorted(names[::-1][draw_named(names[::-1], 2, random_state=0)])
    True
    """
    if len(names) <= most:
        return np.arange(len(names))
    keys = cell_keys(names, random_state)
    rows = np.flatnonzero(keys < np.partition(keys, most)[most])
    return rows if 2 * len(rows) > most else draw_rows(len(names), most, np.random.default_rng(random_state))


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
    selected = [
        rng.choice(np.sort(group.to_numpy()), size=count, replace=False)
        for (_, group), count in zip(groups, _sizes_above_minimum(sizes, n), strict=True)
        if count
    ]
    return np.sort(np.concatenate(selected))


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
