"""Spatial maps: coordinates, scale bar, and cells as points or pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore import columns
from spatialcore.annotation.spillover.coordinates import coordinate_unit as coordinate_unit
from spatialcore.annotation.spillover.other_coordinates import find_coordinates
from spatialcore.core.entries import coordinates_in, n_located
from spatialcore.core.types import Codes, Floats
from spatialcore.errors import InputError
from spatialcore.plotting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

MAX_POINTS: Final = 100_000
_PIXELS_PER_INCH = 110
_FEW_TO_MANY = (3.5, 4.7)  # log10 of the number of cells
_CELLS_PER_BIN = 10
_NICE = np.array([1.0, 2.0, 5.0])


def coordinates(adata: AnnData, spatial_key: str = columns.SPATIAL) -> Floats | None:
    """Return the coordinates of the cells, shape (n_cells, 2), or None if there are none or all are missing.

    Raises
    ------
    InputError
        ``obsm[spatial_key]`` does not have two columns.
    """
    if spatial_key not in adata.obsm:
        elsewhere = find_coordinates(adata) if spatial_key == columns.SPATIAL else None
        return None if elsewhere is None else elsewhere.values[:, :2]
    xy = coordinates_in(adata, spatial_key)
    if xy is None:
        shape = getattr(adata.obsm[spatial_key], "shape", None)
        raise InputError(
            f"obsm['{spatial_key}'] has shape {shape}, expected numbers of shape (n_cells, 2)", hint="pass spatial_key="
        )
    return xy[:, :2] if n_located(xy) else None


def places_note(adata: AnnData) -> str:
    """Return a note if cell positions are simulated (``uns["spatialcore_source"]["places"]``), or nothing."""
    source = adata.uns.get(columns.SOURCE)
    is_simulated = isinstance(source, Mapping) and str(source.get("places", "")) == "simulated"
    return "The positions of the cells are simulated." if is_simulated else ""


def set_up_map(axes: "Axes", xy: Floats, *, unit: str) -> None:
    """Set equal axes with y pointing down, as in images, and add a scale bar in a unit (empty: unknown)."""
    style.hide_axes(axes)
    finite = xy[np.isfinite(xy).all(axis=1)]
    low, high = (finite.min(axis=0), finite.max(axis=0)) if len(finite) else (np.zeros(2), np.ones(2))
    pad = max(0.02 * float((high - low).max()), 1e-9)
    axes.set_xlim(low[0] - pad, high[0] + pad)
    axes.set_ylim(high[1] + 3 * pad, low[1] - pad)
    axes.set_aspect("equal", adjustable="box", anchor="NW")
    _scale_bar(axes, low[0], high[1] + 1.8 * pad, high - low, unit)


def _scale_bar(axes: "Axes", left: float, y: float, span: Floats, unit: str) -> None:
    length = nice_length(max(float(span[0]) / 5, float(span[1]) / 20))  # visible below a thin strip, too
    if length <= 0:
        return
    axes.plot([left, left + length], [y, y], color=style.INK, linewidth=2.5, solid_capstyle="butt", clip_on=False)
    text = f"{length / 1000:g} mm" if unit == "µm" and length >= 1000 else f"{length:,g} {unit or '(unit unknown)'}"
    axes.annotate(
        text,
        (left + length, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=style.SMALL,
        color=style.INK,
    )


def nice_length(max_length: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that does not exceed a length.

    Examples
    --------
    >>> nice_length(730.0), nice_length(0.03)
    (500.0, 0.02)
    """
    if not np.isfinite(max_length) or max_length <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(max_length))
    return float(power * _NICE[max_length / power * (1 + 1e-9) >= _NICE].max())


def drawn_size(xy: Floats, box: tuple[float, float]) -> tuple[float, float]:
    """Return width and height in inches of the largest map of the coordinates in a box of this width and height."""
    span = np.maximum(np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0), 1e-9)
    width, height = span * min(box[0] / span[0], box[1] / span[1])
    return float(width), float(height)


def dot_area(xy: Floats, size: tuple[float, float]) -> float:
    """Return the marker area (points squared) at which cells cover half of the tissue; nearly all of it if many.

    Parameters
    ----------
    xy
        Coordinates, shape (n_cells, 2).
    size
        Width and height of the map in inches.
    """
    n = max(len(xy), 1)
    covered = float(np.interp(np.log10(n), _FEW_TO_MANY, (0.5, 1.0)))
    return float(np.clip(covered * 72**2 * _tissue_area(xy, size) / n, 0.35, 40.0))


def _tissue_area(xy: Floats, size: tuple[float, float]) -> float:
    """Return the square inches that have cells, without the space between separate pieces of tissue."""
    span = np.maximum(np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0), 1e-9)
    side = max(float(np.sqrt(span[0] * span[1] * _CELLS_PER_BIN / len(xy))), float(span.max()) / 200)
    index = pixels(xy, pixel=side).index
    occupied = len(np.unique(index[index >= 0])) * side**2 * (max(size) / float(span.max())) ** 2
    in_a_line = max(size) ** 2 / len(xy)
    return min(occupied, max(size[0] * size[1], in_a_line))


@dataclass(frozen=True)
class Pixels:
    """A grid of square pixels over the tissue.

    Attributes
    ----------
    shape
        Rows and columns.
    extent
        Left, right, bottom and top, as for ``imshow``.
    index
        Flat index of the pixel of each cell, shape (n_cells,); -1 for cells without coordinates.
    """

    shape: tuple[int, int]
    extent: tuple[float, float, float, float]
    index: NDArray[np.int32]

    def mean(self, values: Floats) -> Floats:
        """Return the mean of the values of the cells per pixel, rows x columns; NaN for empty pixels."""
        valid = (self.index >= 0) & np.isfinite(values)
        n = np.bincount(self.index[valid], minlength=self.shape[0] * self.shape[1])
        total = np.bincount(self.index[valid], weights=values[valid], minlength=n.size)
        mean: Floats = np.divide(total, n, out=np.full(n.size, np.nan), where=n > 0)
        return mean.reshape(self.shape)

    def most_frequent(self, codes: Codes, n_codes: int) -> NDArray[np.intp]:
        """Return the most frequent code per pixel, rows x columns; -1 for empty pixels. Codes of -1 are ignored."""
        valid = (self.index >= 0) & (codes >= 0)
        n_pairs = self.shape[0] * self.shape[1] * n_codes
        pixel: Codes = self.index[valid].astype(np.int32 if n_pairs < 2**31 else np.int64)
        pairs, counts = np.unique(pixel * n_codes + codes[valid], return_counts=True)
        order = np.argsort(counts, kind="stable")
        winner = np.full(self.shape[0] * self.shape[1], -1, dtype=np.intp)
        winner[pairs[order] // n_codes] = pairs[order] % n_codes
        return winner.reshape(self.shape)


def pixels(xy: Floats, *, pixel: float) -> Pixels:
    """Return a grid of square pixels with this side over the coordinates."""
    finite = np.isfinite(xy).all(axis=1)
    low = xy[finite].min(axis=0) if finite.any() else np.zeros(2)
    column, row = (np.where(finite, (xy[:, k] - low[k]) / pixel, -1).astype(np.int32) for k in (0, 1))
    n_cols, n_rows = (int(column.max()) + 1, int(row.max()) + 1) if finite.any() else (1, 1)
    row *= n_cols
    index = np.where(finite, row + column, np.int32(-1))
    left, top = float(low[0]), float(low[1])
    extent = (left, left + n_cols * pixel, top + n_rows * pixel, top)
    return Pixels((int(n_rows), int(n_cols)), extent, index)


def pixel_side(xy: Floats, inches: float) -> float:
    """Return the side of a pixel: at least the print resolution and at least the mean spacing of the cells."""
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)
    cell_spacing = float(np.sqrt(span[0] * span[1] / max(len(xy), 1)))
    return max(float(span.max()) / (inches * _PIXELS_PER_INCH), cell_spacing, 1e-9)


def draw_values(
    axes: "Axes", xy: Floats, values: Floats, *, box: tuple[float, float], **color: Any
) -> "ScalarMappable":
    """Draw a value per cell as points, or as the mean per pixel if there are more than 100,000 cells.

    Parameters
    ----------
    axes
        The map.
    xy, values
        Coordinates, shape (n_cells, 2), and the value of each cell.
    box
        Width and height in inches that the map may have.
    color
        Colour map and limits, as for ``scatter``.
    """
    size = drawn_size(xy, box)
    if len(xy) > MAX_POINTS:
        grid = pixels(xy, pixel=pixel_side(xy, max(size)))
        return axes.imshow(grid.mean(values), extent=grid.extent, interpolation="nearest", **color)
    area = dot_area(xy, size)
    return axes.scatter(xy[:, 0], xy[:, 1], c=values, s=area, linewidths=0, rasterized=True, **color)
