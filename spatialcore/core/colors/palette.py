"""A sequence of distinct colours, stable when a class is added: for classes without a lineage, and for references."""

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np

from spatialcore.columns import LOW_COUNT, UNASSIGNED
from spatialcore.core.colors.difference import ciede2000, srgb_to_lab
from spatialcore.core.types import Floats

UNASSIGNED_COLOR = "#d0d0d0"
LOW_COUNT_COLOR = "#808080"
RESERVED = {UNASSIGNED: UNASSIGNED_COLOR, LOW_COUNT: LOW_COUNT_COLOR}

# The first eight are safe for red-green colour blindness (after Okabe and Ito, 2008); the others are computed.
_OPENING = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#8b5fbf", "#6b4c1e")
_GRID_STEP = 15
_LIGHTNESS = (32.0, 88.0)
_MIN_CHROMA = 18.0
_BLOCK = 64


def palette(classes: Iterable[str], *, keep: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return one distinct colour per class.

    Colours are assigned in the order of ``classes`` from a fixed sequence, in which each colour has the largest
    possible distance from all colours before it. A class appended to the list therefore changes no other colour. If a
    class is inserted, pass the previous colours as ``keep``.

    Parameters
    ----------
    classes
        Names in the order of assignment. Repeated names are one class.
    keep
        Colours to keep, by class, such as those of an earlier model. Classes that are not in ``classes`` are ignored.

    Returns
    -------
    dict
        Class -> ``#rrggbb``, in the order of ``classes``. ``Unassigned`` and ``Low_count`` are always grey.

    Examples
    --------
    >>> palette(["B cell", "T cell"])
    {'B cell': '#0072b2', 'T cell': '#e69f00'}
    >>> palette(["B cell", "NK cell", "T cell"], keep={"B cell": "#0072b2", "T cell": "#e69f00"})["T cell"]
    '#e69f00'
    """
    names = list(dict.fromkeys(str(name) for name in classes))
    fixed = RESERVED | {name: color.lower() for name, color in (keep or {}).items() if name not in RESERVED}
    reused = {name: fixed[name] for name in names if name in fixed}
    used = set(reused.values())
    unused = (color for color in _sequence(len(names) + len(used)) if color not in used)
    return {name: reused[name] if name in reused else next(unused) for name in names}


def _sequence(n: int) -> tuple[str, ...]:
    return _OPENING if n <= len(_OPENING) else _search(-(-n // _BLOCK) * _BLOCK)


@cache
def _search(n: int) -> tuple[str, ...]:
    """Choose colours one by one, each with the largest CIEDE2000 distance from all others, the greys and white."""
    candidates = _candidates()
    lab = srgb_to_lab(candidates / 255)
    opening = [_rgb(color) for color in _OPENING]
    avoided = np.array([[255, 255, 255], *(_rgb(color) for color in RESERVED.values()), *opening])
    nearest = ciede2000(lab[:, None], srgb_to_lab(avoided / 255)[None]).min(axis=1)
    chosen = list(_OPENING)
    while len(chosen) < n:
        best = int(nearest.argmax())
        chosen.append("#{:02x}{:02x}{:02x}".format(*candidates[best].astype(int)))
        nearest = np.minimum(nearest, ciede2000(lab, lab[best]))
    return tuple(chosen[:n])


def _candidates() -> Floats:
    """Return a grid of sRGB colours, without those that are too dark, pale or grey for light and dark backgrounds."""
    axis = np.arange(0, 256, _GRID_STEP)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float64)
    lab = srgb_to_lab(grid / 255)
    visible = (lab[:, 0] > _LIGHTNESS[0]) & (lab[:, 0] < _LIGHTNESS[1])
    candidates: Floats = grid[visible & (np.hypot(lab[:, 1], lab[:, 2]) > _MIN_CHROMA)]
    return candidates


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
