"""Summary of the marker validation: one row per type, with a Gaussian mixture of the marker scores."""

import warnings
from itertools import combinations, islice
from typing import Any, Final

import numpy as np
import pandas as pd

from spatialcore.core.logging import get_logger
from spatialcore.core.types import Floats, Ints
from spatialcore.errors import InputError
from spatialcore.plotting.markers import MarkerScores

log = get_logger(__name__)

_MAX_CELLS: Final = 2000
_GRID: Final = 512
_VARIANCE: Final = 1e-4  # added to that of each component
_ROUNDS: Final = 100
_GRID_STARTS, _MAX_STARTS = 7, 40
SUMMARY_COLUMNS: Final = (
    "cell_type",
    "n_cells",
    "n_markers",
    "markers",
    "mean_confidence",
    "mean_marker_score",
    "marker_threshold",
    "n_low_confidence",
    "n_high_confidence",
    "n_validated",
    "pct_high_confidence",
    "pct_validated",
    "auc",
    "mistaken_for",
    "mistaken_auc",
)


def validate(
    scored: MarkerScores, confidence: Floats, threshold: float, *, min_cells: int, n_components: int
) -> pd.DataFrame:
    """Return one row per type with markers, enough cells and a mixture that could be fitted.

    Parameters
    ----------
    scored
        Marker scores of the cells.
    confidence
        Confidence of the calls, shape (n_cells,).
    threshold
        Minimum confidence of a call.
    min_cells
        Types with fewer cells are excluded.
    n_components
        Gaussians in the mixture of the marker scores of a type.

    Returns
    -------
    Columns `SUMMARY_COLUMNS`. ``mistaken_for`` is the other type whose cells score highest on the markers of this
    type, ``mistaken_auc`` the AUC of that type.
    """
    groups, rows = scored.groups, []
    for column, (name, genes) in enumerate(scored.sets.items()):
        k = groups.names.index(name)
        inside = groups.codes == k
        if int(inside.sum()) < min_cells:
            continue
        score = scored.scores[:, column]
        try:
            bright = bright_threshold(score[inside], score[~inside & (groups.codes >= 0)], n_components=n_components)
        except MixtureError as error:
            warnings.warn(f"2D validation skips {name}: {error.message}", UserWarning, stacklevel=3)
            log.warning("2D validation skips %s: %s", name, error.message)
            continue
        row = _summary_row(name, genes, score[inside], confidence[inside], threshold, bright)
        rows.append(row | _separation(scored, name))
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def _summary_row(
    name: str, genes: list[str], score: Floats, confidence: Floats, threshold: float, bright: float
) -> dict[str, Any]:
    high = np.nan_to_num(confidence, nan=-1.0) >= threshold
    validated = high & (score >= bright)
    return {
        "cell_type": name,
        "n_cells": score.size,
        "n_markers": len(genes),
        "markers": " ".join(genes),
        "mean_confidence": float(np.nanmean(confidence)) if np.isfinite(confidence).any() else np.nan,
        "mean_marker_score": float(score.mean()),
        "marker_threshold": bright,
        "n_low_confidence": int((~high).sum()),
        "n_high_confidence": int(high.sum()),
        "n_validated": int(validated.sum()),
        "pct_high_confidence": 100 * float(high.mean()),
        "pct_validated": 100 * float(validated.mean()),
    }


def _separation(scored: MarkerScores, name: str) -> dict[str, Any]:
    other_types = scored.auc[name].drop(name).dropna()
    mistaken_for = str(other_types.idxmax()) if len(other_types) else ""
    return {
        "auc": float(scored.auc[name].to_dict()[name]),
        "mistaken_for": mistaken_for,
        "mistaken_auc": float(other_types.max()) if mistaken_for else np.nan,
    }


class MixtureError(InputError):
    """The marker scores have too few distinct values for a mixture with this many components."""


def bright_threshold(scores: Floats, other_scores: Floats, *, n_components: int = 3, random_state: int = 0) -> float:
    """Return the marker score above which a cell belongs to the component with the highest mean.

    The Gaussian mixture is fitted to the cells of the type and at most as many cells of other types, which form the
    background component.

    Parameters
    ----------
    scores, other_scores
        Marker scores of the cells of the type and of all other cells. At most 2,000 of each are used.
    n_components
        Number of Gaussians; 3 for background, dim and bright.
    random_state
        Seed of the sample and of the fit.

    Raises
    ------
    MixtureError
        The scores do not have more distinct values than components.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    rng = np.random.default_rng(random_state)
    scores = _sample(scores, _MAX_CELLS, rng)
    pool = np.concatenate([scores, _sample(other_scores, scores.size, rng)])
    if np.unique(pool).size <= n_components:
        raise MixtureError(
            f"{np.unique(pool).size} distinct marker scores, more than {n_components} are needed for the mixture",
            hint="pass more markers for this type, or lower n_components",
        )
    mixture = GaussianMixture(
        n_components, reg_covar=_VARIANCE, max_iter=200, random_state=random_state, **_start(pool, n_components)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(pool[:, None])
    means = mixture.means_.ravel()
    order = np.argsort(means)
    grid = np.linspace(means[order[0]], means[order[-1]], _GRID)
    is_brightest = mixture.predict(grid[:, None]) == order[-1]
    below = np.flatnonzero(~is_brightest)
    return float(grid[min(below[-1] + 1, _GRID - 1)] if below.size else grid[0])


def _start(values: Floats, n_components: int) -> dict[str, Floats]:
    """Return the start of a mixture of one variable: the best of several runs of k-means on the sorted values."""
    ordered = np.sort(values)
    grid = np.linspace(ordered[0], ordered[-1], max(_GRID_STARTS, n_components) + 2)[1:-1]
    starts = np.array(list(islice(combinations(grid, n_components), _MAX_STARTS)))
    sums, squares = (np.concatenate([[0.0], np.cumsum(part)]) for part in (ordered, ordered**2))
    clusterings = _k_means(ordered, sums, starts)
    edges = clusterings[_between(sums, clusterings).argmax()]
    sizes = np.maximum(np.diff(edges), 1)
    centres = np.diff(sums[edges]) / sizes
    variances = np.maximum(np.diff(squares[edges]) / sizes - centres**2, 0.0) + _VARIANCE
    return {
        "weights_init": sizes / sizes.sum(),
        "means_init": centres[:, None],
        "precisions_init": (1 / variances)[:, None, None],
    }


def _k_means(ordered: Floats, sums: Floats, centres: Floats) -> Ints:
    """Return the positions at which the clusters of sorted values begin and end, starts x edges; all runs at once."""
    first, last = np.zeros((len(centres), 1), np.int64), np.full((len(centres), 1), len(ordered))
    for _ in range(_ROUNDS):
        middles = (centres[:, 1:] + centres[:, :-1]) / 2
        edges = np.hstack([first, np.searchsorted(ordered, middles), last])
        sizes = np.diff(edges)
        moved = np.where(sizes > 0, np.diff(sums[edges]) / np.maximum(sizes, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return edges


def _between(sums: Floats, edges: Ints) -> Floats:
    """Return the sum of squares between the clusters of each run: largest where that within them is smallest."""
    between: Floats = (np.diff(sums[edges]) ** 2 / np.maximum(np.diff(edges), 1)).sum(axis=1)
    return between


def _sample(values: Floats, max_size: int, rng: np.random.Generator) -> Floats:
    values = values[np.isfinite(values)]
    return values if values.size <= max_size else rng.choice(values, max_size, replace=False)
