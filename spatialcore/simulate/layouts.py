"""Where the cells of a simulated section are, and of which type."""

from typing import Final, Literal, get_args

import numpy as np
from scipy.spatial import cKDTree

from spatialcore.core.types import Codes, Floats

Layout = Literal["niches", "mixed", "nests", "homogeneous"]
LAYOUTS: Final[tuple[Layout, ...]] = get_args(Layout)

N_NICHES: Final = 6
CONCENTRATION: Final = 0.5
NEST_SHARE, NEST_CELLS = 0.4, 25
DOMINANT_SHARE: Final = 0.92


def grid(n_cells: int, spacing: float) -> Floats:
    """Return coordinates on a square grid, row by row, cells x 2."""
    side = int(np.ceil(np.sqrt(n_cells)))
    index = np.arange(n_cells)
    return spacing * np.column_stack([index % side, index // side]).astype(np.float64)


def draw_types(layout: Layout, coordinates: Floats, n_types: int, rng: np.random.Generator) -> Codes:
    """Return the type of each cell.

    Parameters
    ----------
    layout
        "niches": six regions, each with proportions of its own. "mixed": one set of proportions, cells in random
        order. "nests": round groups of one type each, in a background of another two. "homogeneous": 92 % of one
        type, the others scattered.
    coordinates
        Cells x 2.
    n_types
        Number of types; the codes are 0 to ``n_types - 1``.
    rng
        Random generator.
    """
    if layout == "niches":
        return _niches(coordinates, n_types, rng)
    if layout == "nests":
        return _nests(coordinates, n_types, rng)
    if layout == "homogeneous":
        proportions = np.full(n_types, (1 - DOMINANT_SHARE) / max(1, n_types - 1))
        proportions[rng.integers(n_types)] += DOMINANT_SHARE - proportions[0]
        return rng.choice(n_types, len(coordinates), p=proportions / proportions.sum())
    return rng.choice(n_types, len(coordinates), p=rng.dirichlet(np.full(n_types, 2.0)))


def _niches(coordinates: Floats, n_types: int, rng: np.random.Generator) -> Codes:
    centers = rng.uniform(coordinates.min(axis=0), coordinates.max(axis=0), (N_NICHES, 2))
    niche = np.asarray(cKDTree(centers).query(coordinates)[1])
    edges = np.cumsum(rng.dirichlet(np.full(n_types, CONCENTRATION), N_NICHES), axis=1)
    drawn: Codes = np.minimum((rng.random(len(niche))[:, None] > edges[niche]).sum(axis=1), n_types - 1)
    return drawn


def _nests(coordinates: Floats, n_types: int, rng: np.random.Generator) -> Codes:
    order = rng.permutation(n_types)
    codes = rng.choice(order[:2], len(coordinates))
    tree, nested = cKDTree(coordinates), np.zeros(len(coordinates), dtype=bool)
    others = order[2:] if n_types > 2 else order
    n_nests = max(1, round(NEST_SHARE * len(codes) / NEST_CELLS))
    for nest, center in enumerate(rng.choice(len(codes), min(n_nests, len(codes)), replace=False)):
        cells = np.atleast_1d(tree.query(coordinates[center], min(NEST_CELLS, len(codes)))[1])
        cells = cells[~nested[cells]]
        codes[cells], nested[cells] = others[nest % len(others)], True
    return codes
