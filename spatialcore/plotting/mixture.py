"""Where bright markers begin: a Gaussian mixture of a type's marker score."""

import warnings
from typing import Final

import numpy as np

from spatialcore.core.types import Floats
from spatialcore.errors import InputError

_MOST_CELLS: Final = 2000
_GRID: Final = 512


class MixtureError(InputError):
    """A marker score that no mixture of this many components can be fitted to."""


def bright_threshold(own: Floats, others: Floats, *, n_components: int = 3, random_state: int = 0) -> float:
    """Return the marker score above which a cell belongs to the brightest component.

    The mixture is fitted to the type's cells together with at most as many cells of other types, so that one component
    is the background and the brightest is what the type's own cells reach.

    Parameters
    ----------
    own, others
        Marker scores of the type's cells and of all other cells. At most 2,000 of each are used.
    n_components
        Gaussians in the mixture; 3 for background, dim and bright.
    random_state
        Seeds the draw and the fit.

    Raises
    ------
    MixtureError
        The scores take fewer distinct values than there are components.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    rng = np.random.default_rng(random_state)
    own = _draw(own, _MOST_CELLS, rng)
    pool = np.concatenate([own, _draw(others, own.size, rng)])
    if np.unique(pool).size <= n_components:
        raise MixtureError(
            f"{np.unique(pool).size} distinct marker scores for {n_components} components",
            hint="give this type more markers, or lower n_components",
        )
    mixture = GaussianMixture(n_components, reg_covar=1e-4, max_iter=200, random_state=random_state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(pool[:, None])
    means = mixture.means_.ravel()
    order = np.argsort(means)
    grid = np.linspace(means[order[0]], means[order[-1]], _GRID)
    in_brightest = mixture.predict(grid[:, None]) == order[-1]
    dimmer = np.flatnonzero(~in_brightest)
    return float(grid[min(dimmer[-1] + 1, _GRID - 1)] if dimmer.size else grid[0])


def _draw(values: Floats, most: int, rng: np.random.Generator) -> Floats:
    values = values[np.isfinite(values)]
    return values if values.size <= most else rng.choice(values, most, replace=False)
