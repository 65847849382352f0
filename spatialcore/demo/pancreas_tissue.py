"""A simulated pancreas: where cells of each type are."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spatialcore.core.types import Floats

SIZE: Final = (1040.0, 780.0)  # µm
_N_ISLETS, _N_ACINI, _N_DUCTS = 9, 24, 4
# Share of the cells of a type that are in or around islets, between two multiples of the radius of the islet. The
# other cells are anywhere.
_ISLET_CELLS: Final = {
    "beta": (1.0, 0.0, 0.9),
    **dict.fromkeys(("alpha", "delta", "gamma", "epsilon"), (1.0, 0.6, 1.1)),
    "endothelial": (0.5, 0.3, 1.2),
    **dict.fromkeys(("activated_stellate", "quiescent_stellate"), (1.0, 1.15, 1.6)),
}


def pancreas_positions(labels: NDArray[np.object_], rng: np.random.Generator) -> Floats:
    """Return simulated coordinates: endocrine cells in islets, acinar cells in acini, ductal cells along ducts.

    Parameters
    ----------
    labels
        Type of each cell, as in the data of Baron et al.

    Returns
    -------
    ndarray
        Cells x 2, in µm, within `SIZE`.
    """
    islets = _spaced(_N_ISLETS, 190.0, rng)
    acini = _spaced(_N_ACINI, 110.0, rng)
    positions = rng.uniform(0, SIZE, (len(labels), 2))
    radii = rng.uniform(35.0, 75.0, _N_ISLETS)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if label == "acinar":
            centers = acini[rng.integers(_N_ACINI, size=len(members))]
            positions[members] = centers + _ring(len(members), 0.2, 1.0, rng) * 38.0
        elif label == "ductal":
            positions[members] = _along_ducts(len(members), rng)
        elif label in _ISLET_CELLS:
            share, inner, outer = _ISLET_CELLS[label]
            members = members[: int(share * len(members))]
            positions[members] = _in_islets(len(members), islets, radii, (inner, outer), rng)
    clipped: Floats = np.clip(positions, 0, SIZE)
    return clipped


def _in_islets(
    n: int, islets: Floats, radii: Floats, multiples: tuple[float, float], rng: np.random.Generator
) -> Floats:
    """Return points in or around islets, between two multiples of their radius."""
    islet = rng.choice(len(islets), n, p=radii**2 / (radii**2).sum())
    positions: Floats = islets[islet] + _ring(n, *multiples, rng) * radii[islet][:, None]
    return positions


def _spaced(n: int, distance: float, rng: np.random.Generator) -> Floats:
    """Return points that are apart where there is room, and not at the border."""
    points: list[Floats] = []
    while len(points) < n:
        candidates = rng.uniform((90, 90), (SIZE[0] - 90, SIZE[1] - 90), (30, 2))
        nearest = [min((float(np.linalg.norm(c - p)) for p in points), default=np.inf) for c in candidates]
        points.append(candidates[int(np.argmax(np.minimum(nearest, distance)))])
    return np.array(points)


def _ring(n: int, inner: float, outer: float, rng: np.random.Generator) -> Floats:
    """Return points of a ring with these radii, evenly by area."""
    radius = np.sqrt(rng.uniform(inner**2, outer**2, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _along_ducts(n: int, rng: np.random.Generator) -> Floats:
    """Return points along curved lines through the section."""
    duct = rng.integers(_N_DUCTS, size=n)
    along = rng.random(n)
    height = SIZE[1] * (duct + 0.5) / _N_DUCTS + 60 * np.sin(2 * np.pi * along + duct * 1.7)
    return np.column_stack([SIZE[0] * along, height]) + rng.normal(0, 6, (n, 2))
