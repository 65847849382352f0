"""Which reference cells are held out together.

Cells of one donor resemble each other more than those of two. Where a reference names its sources, samples or donors,
a fold holds out whole ones, so that the held-out figures are those between donors.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from spatialcore import columns
from spatialcore.core.types import Codes

FOLDS: Final = 3
MIN_TRAINING_CELLS: Final = 3
CELLS_PER_CLASS: Final = 500
MAX_CELLS: Final = 24_000
CELLS_PER_GROUP: Final = 10
GROUP_COLUMNS: Final = (
    (columns.REFERENCE_SOURCE, "dataset_id", "dataset", "study"),
    (columns.REFERENCE_DONOR, "donor_id", "donor", "individual", "patient", "subject"),
    ("sample_id", "sample", "library_id", "batch"),
)


def donor_column(names: Sequence[str]) -> str | None:
    """Return the obs column that names donors or samples, ``None`` where there is none."""
    lower = {str(name).lower(): str(name) for name in names}
    candidates = (name for kind in GROUP_COLUMNS[1:] for name in kind)
    return next((lower[name] for name in candidates if name in lower), None)


def find_groups(obs: pd.DataFrame) -> list[Codes]:
    """Return the groups in which cells can be held out, one array per kind of column, largest groups first.

    A column counts whose values stand for ten cells and more in the mean; of several of a kind, the first.
    """
    lower = {str(name).lower(): name for name in obs.columns}
    groups = []
    for kind in GROUP_COLUMNS:
        for name in kind:
            if name not in lower:
                continue
            codes, values = pd.factorize(obs[lower[name]].astype(object), sort=True)
            if 2 <= len(values) <= len(obs) / CELLS_PER_GROUP and (codes >= 0).all():
                groups.append(codes.astype(np.intp))
                break
    return groups


def assign_folds(codes: Codes, rng: np.random.Generator, groups: Sequence[Codes] = ()) -> Codes:
    """Deal the cells of every class over the folds; a class of one cell is never held out (-1).

    A class whose cells come from several groups is held out by whole groups, by the first of `groups` in which every
    fold leaves it some cells.
    """
    order = rng.permutation(len(codes))
    folds = np.empty(len(codes), dtype=np.intp)
    folds[order] = rank_within(codes[order]) % FOLDS
    folds[np.bincount(codes)[codes] < 2] = -1
    by_groups = [_fold_of_group(group) for group in groups]
    for label in np.unique(codes):
        cells = codes == label
        for candidate in by_groups:
            held_out = np.bincount(candidate[cells], minlength=FOLDS)
            if held_out.max() <= cells.sum() - MIN_TRAINING_CELLS:
                folds[cells] = candidate[cells]
                break
    return folds


def _fold_of_group(group: Codes) -> Codes:
    """Assign whole groups to folds, the largest first, each to the fold with the fewest cells."""
    sizes = np.bincount(group)
    fold_of, cells = np.zeros(len(sizes), dtype=np.intp), np.zeros(min(FOLDS, len(sizes)))
    for one in np.argsort(-sizes, kind="stable"):
        fold_of[one] = cells.argmin()
        cells[fold_of[one]] += sizes[one]
    fold: Codes = fold_of[group]
    return fold


def most_per_class(n_classes: int) -> int:
    """Return how many cells of a class are held out at most."""
    return min(CELLS_PER_CLASS, max(30, MAX_CELLS // n_classes))


def draw_per_class(codes: Codes, most: int, rng: np.random.Generator) -> Codes:
    """Return sorted row numbers, at most `most` of each class."""
    order = rng.permutation(len(codes))
    rank = rank_within(codes[order])
    return np.sort(order[rank < most])


def rank_within(codes: Codes) -> Codes:
    """Return for each element the number of earlier elements with the same code."""
    order = np.argsort(codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes))])
    rank = np.empty(len(codes), dtype=np.intp)
    rank[order] = np.arange(len(codes)) - starts[codes[order]]
    return rank
