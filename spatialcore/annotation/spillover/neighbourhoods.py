"""Neighbours of each cell in the tissue, within its sample and field of view."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from anndata import AnnData
from scipy.spatial import cKDTree

from spatialcore.annotation.expression.cell_order import by_place
from spatialcore.annotation.spillover.coordinates import Places, coordinate_unit
from spatialcore.core.types import Codes, Floats

N_NEIGHBOURS: Final = 10
REACH: Final = 0.75  # in median distances of the third nearest neighbour
SPARSE_UM: Final = 25.0
BLOCK_CELLS: Final = 20_000


@dataclass(frozen=True)
class Neighbourhoods:
    """The nearest cells of each cell, and how much each of them may contribute.

    Parameters
    ----------
    indices
        Rows of the ten nearest cells of the same group, cells x 10.
    weights
        ``exp(-d / (.75 h)) N_j`` of distance d and counts N_j, rows summing to one; h is the median distance of the
        third nearest. Zeros for a cell without coordinates or neighbours.
    distance
        Median distance of the nearest cell, in the unit of the coordinates.
    unit
        Of the coordinates; empty if unknown.
    n_groups
        Samples and fields of view.
    """

    indices: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    distance: float
    unit: str
    n_groups: int

    @classmethod
    def find(cls, coordinates: Floats, groups: Codes, totals: Floats, unit: str = "") -> Self:
        """Find the neighbours of each cell by a k-d tree per group; they do not depend on the order of the cells.

        Parameters
        ----------
        coordinates
            Cells x 2 or 3; a cell without finite coordinates has no neighbours.
        groups
            Sample and field of view of each cell.
        totals
            Counts of each cell.
        unit
            Of the coordinates.
        """
        n = len(coordinates)
        indices = np.zeros((n, N_NEIGHBOURS), np.int32)
        distances = np.full((n, N_NEIGHBOURS), np.inf, np.float32)
        usable = np.isfinite(coordinates).all(axis=1)
        order = np.flatnonzero(usable)
        order = order[by_place(coordinates[order], totals[order])]
        order = order[np.argsort(groups[order], kind="stable")]
        for rows in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
            _nearest(coordinates, rows, indices, distances)
        reach = _median(distances[:, 2])
        nearest = _median(distances[:, 0])
        _to_weights(distances, indices, totals.astype(np.float32), np.float32(REACH * reach if reach > 0 else 1.0))
        return cls(indices, distances, nearest, unit, len(np.unique(groups[usable])))

    def without_cells(self) -> Self:
        """Return what is known of all cells together, without the tables."""
        return replace(self, indices=self.indices[:0].copy(), weights=self.weights[:0].copy())

    @property
    def has_any(self) -> npt.NDArray[np.bool_]:
        """Whether each cell has neighbours."""
        result: npt.NDArray[np.bool_] = np.asarray(self.weights.any(axis=1))
        return result

    def composition(
        self, probabilities: npt.NDArray[np.float16 | np.float32], rows: Codes, table_rows: Codes | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the share of each class in the neighbourhood of some cells, cells x classes.

        Parameters
        ----------
        probabilities
            Of each class, cells x classes.
        rows
            The cells.
        table_rows
            The cells of ``probabilities``, ascending, if these are not all.
        """
        indices = self.indices[rows]
        near = indices if table_rows is None else np.searchsorted(table_rows, indices)
        result: npt.NDArray[np.float32] = np.einsum(
            "nk,nkc->nc", self.weights[rows], probabilities[near].astype(np.float32, copy=False)
        )
        return result

    def mean(self, values: Floats, rows: Codes) -> Floats:
        """Return the weighted mean of a value over the neighbours of some cells; 0 without neighbours.

        Parameters
        ----------
        values
            Of all cells.
        rows
            The cells.
        """
        result: Floats = np.einsum("nk,nk->n", self.weights[rows], values[self.indices[rows]])
        return result

    @property
    def warning(self) -> str:
        """What limits the estimate: cells of the tissue that are not in the data, or an unknown unit."""
        return distance_warning(self.distance, self.unit)


def distance_warning(distance: float, unit: str) -> str:
    """Return what a median distance to the nearest cell limits; empty if it limits nothing.

    Examples
    --------
    >>> distance_warning(10.0, "µm"), distance_warning(10.0, "px")
    ('', 'the unit of the coordinates is px: whether neighbours touch is not known')
    """
    if unit == "µm" and distance > SPARSE_UM:
        return (
            f"the nearest cell is {distance:.0f} µm away in the median: most neighbours of the tissue are "
            "not in these data, so that spill-over from them is seen in part"
        )
    if unit != "µm":
        return f"the unit of the coordinates is {unit or 'unknown'}: whether neighbours touch is not known"
    return ""


def _to_weights(
    distances: npt.NDArray[np.float32],
    indices: npt.NDArray[np.int32],
    totals: npt.NDArray[np.float32],
    scale: np.float32,
) -> None:
    """Turn distances into weights, in place: the tables of all cells are large."""
    for first in range(0, len(distances), BLOCK_CELLS):
        weights = distances[first : first + BLOCK_CELLS]
        np.exp(-weights / scale, out=weights)
        weights *= totals[indices[first : first + BLOCK_CELLS]]
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.float32(1e-30))


def neighbourhoods_of(adata: AnnData, totals: Floats, places: Places | None = None) -> Neighbourhoods:
    """Find the neighbours of the cells of annotated data; coordinates must be usable.

    Parameters
    ----------
    adata
        The cells.
    totals
        Counts of each cell.
    places
        Of the cells, if they are known.
    """
    places = places or Places.of(adata)
    return Neighbourhoods.find(places.coordinates, places.groups, totals, coordinate_unit(adata))


def _nearest(
    coordinates: Floats, rows: Codes, indices: npt.NDArray[np.int32], distances: npt.NDArray[np.float32]
) -> None:
    """Fill in the neighbours of the cells of one group."""
    k = min(N_NEIGHBOURS, len(rows) - 1)
    if k < 1:
        return
    placed = coordinates[rows]
    tree = cKDTree(placed)
    for first in range(0, len(rows), BLOCK_CELLS):
        cells = tree.indices[first : first + BLOCK_CELLS]  # cells of a block are near each other
        distance, position = map(np.asarray, tree.query(placed[cells], k + 1))
        itself = position == cells[:, None]
        itself[~itself.any(axis=1), -1] = True  # a cell behind more than k others at its place: leave out the farthest
        distances[rows[cells], :k] = distance[~itself].reshape(len(cells), k)
        indices[rows[cells], :k] = rows[position[~itself].reshape(len(cells), k)]


def _median(values: npt.NDArray[np.float32]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else 0.0
