"""One colour per cell type: distinct up to 60 types, and kept when a type is added."""

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np

from spatialcore.columns import LOW_COUNT, UNASSIGNED
from spatialcore.core.colorimetry import Floats, ciede2000, srgb_to_lab

UNASSIGNED_COLOR = "#d0d0d0"
LOW_COUNT_COLOR = "#808080"
_RESERVED = {UNASSIGNED: UNASSIGNED_COLOR, LOW_COUNT: LOW_COUNT_COLOR}

# The eight that open the sequence survive red-green blindness (after Okabe and Ito, 2008); the rest are searched for.
_OPENING = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#8b5fbf", "#6b4c1e")
_GRID_STEP = 15
_LIGHTNESS = (32.0, 88.0)
_LEAST_CHROMA = 18.0
_BLOCK = 64


def palette(classes: Iterable[str], *, keep: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a colour of its own for every class.

    Colours are dealt in the order of ``classes`` from one fixed sequence, in which each colour is as far as can be
    from all before it. So a class appended to the list changes no other; where a class comes in between, pass the
    colours so far as ``keep`` and they stay.

    Parameters
    ----------
    classes
        Names, in the order in which colours are dealt. Repeats are one class.
    keep
        Colours to keep, by class, such as an earlier model's. Classes that are not asked for are left out.

    Returns
    -------
    Class -> ``#rrggbb``, in the order given. ``Unassigned`` and ``Low_count`` are always grey.

    Examples
    --------
    >>> palette(["B cell", "T cell"])
    {'B cell': '#0072b2', 'T cell': '#e69f00'}
    >>> palette(["B cell", "NK cell", "T cell"], keep={"B cell": "#0072b2", "T cell": "#e69f00"})["T cell"]
    '#e69f00'
    """
    names = list(dict.fromkeys(str(name) for name in classes))
    known = _RESERVED | {name: color.lower() for name, color in (keep or {}).items() if name not in _RESERVED}
    dealt = {name: known[name] for name in names if name in known}
    taken = set(dealt.values())
    free = (color for color in _sequence(len(names) + len(taken)) if color not in taken)
    return {name: dealt[name] if name in dealt else next(free) for name in names}


def _sequence(n: int) -> tuple[str, ...]:
    return _search(-(-n // _BLOCK) * _BLOCK)


@cache
def _search(n: int) -> tuple[str, ...]:
    """Choose colours one by one, each the farthest by CIEDE2000 from all before it and from the greys and white."""
    candidates = _candidates()
    lab = srgb_to_lab(candidates / 255)
    opening = [_rgb(color) for color in _OPENING]
    avoided = np.array([[255, 255, 255], *(_rgb(color) for color in _RESERVED.values()), *opening])
    nearest = ciede2000(lab[:, None], srgb_to_lab(avoided / 255)[None]).min(axis=1)
    chosen = list(_OPENING)
    while len(chosen) < n:
        best = int(nearest.argmax())
        chosen.append("#{:02x}{:02x}{:02x}".format(*candidates[best].astype(int)))
        nearest = np.minimum(nearest, ciede2000(lab, lab[best]))
    return tuple(chosen[:n])


def _candidates() -> Floats:
    """Return the sRGB grid, without what is too dark, too pale or too grey to be seen on a white or a dark page."""
    axis = np.arange(0, 256, _GRID_STEP)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float64)
    lab = srgb_to_lab(grid / 255)
    visible = (lab[:, 0] > _LIGHTNESS[0]) & (lab[:, 0] < _LIGHTNESS[1])
    kept: Floats = grid[visible & (np.hypot(lab[:, 1], lab[:, 2]) > _LEAST_CHROMA)]
    return kept


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
