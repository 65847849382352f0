"""Where cells lie: coordinates, the scale bar, and points or pixels, whichever can be read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore import columns
from spatialcore.core.types import Floats
from spatialcore.errors import InputError
from spatialcore.plotting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS: Final = 100_000
_PIXELS_PER_INCH = 110
_NICE = np.array([1.0, 2.0, 5.0])


def coordinates(adata: AnnData, spatial_key: str = columns.SPATIAL) -> Floats | None:
    """Return the cells' x and y, or None where there are none or no cell has a place.

    Raises
    ------
    InputError
        ``obsm`` has the key but not two columns of numbers.
    """
    if spatial_key not in adata.obsm:
        return None
    held = adata.obsm[spatial_key]
    xy = np.asarray(held, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] < 2:
        raise InputError(f"obsm['{spatial_key}'] has shape {xy.shape}", hint="two columns are wanted: x and y")
    return xy[:, :2] if np.isfinite(xy[:, :2]).all(axis=1).any() else None


def set_up_map(axes: "Axes", xy: Floats, *, unit: str = "µm") -> None:
    """Give a map equal axes, the image's orientation (y grows downwards) and a scale bar."""
    style.bare(axes)
    finite = xy[np.isfinite(xy).all(axis=1)]
    low, high = (finite.min(axis=0), finite.max(axis=0)) if len(finite) else (np.zeros(2), np.ones(2))
    pad = max(0.02 * float((high - low).max()), 1e-9)
    axes.set_xlim(low[0] - pad, high[0] + pad)
    axes.set_ylim(high[1] + 3 * pad, low[1] - pad)
    axes.set_aspect("equal", adjustable="box", anchor="NW")
    _scale_bar(axes, low[0], high[1] + 1.8 * pad, float(high[0] - low[0]), unit)


def _scale_bar(axes: "Axes", left: float, y: float, width: float, unit: str) -> None:
    length = nice_length(width / 5)
    if length <= 0:
        return
    axes.plot([left, left + length], [y, y], color=style.INK, linewidth=2.5, solid_capstyle="butt")
    text = f"{length / 1000:g} mm" if unit == "µm" and length >= 1000 else f"{length:g} {unit}"
    axes.annotate(
        text,
        (left + length, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=style.SMALL,
        color=style.INK,
    )


def nice_length(wanted: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is no longer than wanted."""
    if not np.isfinite(wanted) or wanted <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(power * _NICE[wanted / power * (1 + 1e-9) >= _NICE].max())


def dot_area(n: int, inches: float) -> float:
    """Return the marker area (points squared) at which n cells fill a square map of this width about half."""
    return float(np.clip(0.5 * (inches * 72) ** 2 / max(n, 1), 0.35, 40.0))


@dataclass(frozen=True)
class Pixels:
    """A grid over the tissue, and the pixel of each cell (-1 where it has no place)."""

    shape: tuple[int, int]
    extent: tuple[float, float, float, float]
    index: NDArray[np.intp]

    def mean(self, values: Floats) -> Floats:
        """Return the mean of the cells' values per pixel; NaN where there is no cell."""
        here = (self.index >= 0) & np.isfinite(values)
        n = np.bincount(self.index[here], minlength=self.shape[0] * self.shape[1])
        total = np.bincount(self.index[here], weights=values[here], minlength=n.size)
        mean: Floats = np.divide(total, n, out=np.full(n.size, np.nan), where=n > 0)
        return mean.reshape(self.shape)

    def most_frequent(self, codes: NDArray[np.intp], n_codes: int) -> NDArray[np.intp]:
        """Return the commonest code per pixel; -1 where there is no cell. Codes of -1 do not count."""
        here = (self.index >= 0) & (codes >= 0)
        pairs, counts = np.unique(self.index[here] * n_codes + codes[here], return_counts=True)
        order = np.argsort(counts, kind="stable")
        winner = np.full(self.shape[0] * self.shape[1], -1, dtype=np.intp)
        winner[pairs[order] // n_codes] = pairs[order] % n_codes
        return winner.reshape(self.shape)


def pixels(xy: Floats, *, pixel: float) -> Pixels:
    """Lay a grid of square pixels of this side over the coordinates."""
    finite = np.isfinite(xy).all(axis=1)
    low = xy[finite].min(axis=0) if finite.any() else np.zeros(2)
    place = np.full(xy.shape, -1, dtype=np.intp)
    place[finite] = ((xy[finite] - low) / pixel).astype(np.intp)
    n_cols, n_rows = (place.max(axis=0) + 1).tolist() if finite.any() else (1, 1)
    index = np.where(finite, place[:, 1] * n_cols + place[:, 0], -1)
    extent = (low[0], low[0] + n_cols * pixel, low[1] + n_rows * pixel, low[1])
    return Pixels((int(n_rows), int(n_cols)), tuple(float(v) for v in extent), index)  # type: ignore[arg-type]


def pixel_side(xy: Floats, inches: float) -> float:
    """Return the side of a pixel: as small as print can show, but not so small that most pixels hold no cell."""
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)
    room_of_a_cell = float(np.sqrt(span[0] * span[1] / max(len(xy), 1)))
    return max(float(span.max()) / (inches * _PIXELS_PER_INCH), room_of_a_cell, 1e-9)


def draw_values(axes: "Axes", xy: Floats, values: Floats, *, inches: float, **color: Any) -> Any:
    """Draw a number per cell: points, or the mean per pixel beyond 100,000 cells."""
    if len(xy) > MOST_POINTS:
        grid = pixels(xy, pixel=pixel_side(xy, inches))
        return axes.imshow(grid.mean(values), extent=grid.extent, interpolation="nearest", **color)
    return axes.scatter(
        xy[:, 0], xy[:, 1], c=values, s=dot_area(len(xy), inches), linewidths=0, rasterized=True, **color
    )
