"""Colours of cell types: distinct for up to 60 types, and stable when a type is added."""

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np

from spatialcore.columns import LOW_COUNT, UNASSIGNED
from spatialcore.core.types import Floats

UNASSIGNED_COLOR = "#d0d0d0"
LOW_COUNT_COLOR = "#808080"
_RESERVED = {UNASSIGNED: UNASSIGNED_COLOR, LOW_COUNT: LOW_COUNT_COLOR}

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
    fixed = _RESERVED | {name: color.lower() for name, color in (keep or {}).items() if name not in _RESERVED}
    reused = {name: fixed[name] for name in names if name in fixed}
    used = set(reused.values())
    unused = (color for color in _sequence(len(names) + len(used)) if color not in used)
    return {name: reused[name] if name in reused else next(unused) for name in names}


def _sequence(n: int) -> tuple[str, ...]:
    return _search(-(-n // _BLOCK) * _BLOCK)


@cache
def _search(n: int) -> tuple[str, ...]:
    """Choose colours one by one, each with the largest CIEDE2000 distance from all others, the greys and white."""
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
    """Return a grid of sRGB colours, without those that are too dark, pale or grey for light and dark backgrounds."""
    axis = np.arange(0, 256, _GRID_STEP)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float64)
    lab = srgb_to_lab(grid / 255)
    visible = (lab[:, 0] > _LIGHTNESS[0]) & (lab[:, 0] < _LIGHTNESS[1])
    candidates: Floats = grid[visible & (np.hypot(lab[:, 1], lab[:, 2]) > _MIN_CHROMA)]
    return candidates


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def srgb_to_lab(rgb: Floats) -> Floats:
    """Convert sRGB colours to CIE Lab (D65).

    Parameters
    ----------
    rgb
        Colours x 3, each channel in [0, 1].

    Returns
    -------
    ndarray
        Colours x 3: lightness (0 to 100), green-red axis, blue-yellow axis.
    """
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    ).astype(np.float64)


def ciede2000(first: Floats, second: Floats) -> Floats:
    """Return the CIEDE2000 difference of two arrays of Lab colours, with broadcasting.

    Formula and names of the terms: Sharma, Wu and Dalal, Color Res. Appl. 30:21 (2005).
    """
    L1, a1, b1 = np.moveaxis(first, -1, 0)
    L2, a2, b2 = np.moveaxis(second, -1, 0)
    c_bar = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(c_bar**7 / (c_bar**7 + 25.0**7))
    C1, h1 = _polar(a1 * stretch, b1)
    C2, h2 = _polar(a2 * stretch, b2)
    h_bar = _mean_hue(h1, h2, C1 * C2)
    d_hue = np.where(C1 * C2 == 0, 0.0, (h2 - h1 + 180) % 360 - 180)
    dH = 2 * np.sqrt(C1 * C2) * np.sin(np.radians(d_hue / 2))
    return _combine(L2 - L1, C2 - C1, dH, L_bar=(L1 + L2) / 2, C_bar=(C1 + C2) / 2, h_bar=h_bar)


def _polar(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    return np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def _mean_hue(h1: Floats, h2: Floats, chroma: Floats) -> Floats:
    total = h1 + h2
    across = np.abs(h1 - h2) > 180
    mean = np.where(across, np.where(total < 360, total + 360, total - 360), total) / 2
    return np.where(chroma == 0, total, mean)


def _combine(dL: Floats, dC: Floats, dH: Floats, *, L_bar: Floats, C_bar: Floats, h_bar: Floats) -> Floats:
    radians = np.radians
    T = (
        1
        - 0.17 * np.cos(radians(h_bar - 30))
        + 0.24 * np.cos(radians(2 * h_bar))
        + 0.32 * np.cos(radians(3 * h_bar + 6))
        - 0.20 * np.cos(radians(4 * h_bar - 63))
    )
    S_L = 1 + 0.015 * (L_bar - 50) ** 2 / np.sqrt(20 + (L_bar - 50) ** 2)
    S_C = 1 + 0.045 * C_bar
    S_H = 1 + 0.015 * C_bar * T
    turn = 30 * np.exp(-(((h_bar - 275) / 25) ** 2))
    R = -2 * np.sqrt(C_bar**7 / (C_bar**7 + 25.0**7)) * np.sin(radians(2 * turn))
    squared = (dL / S_L) ** 2 + (dC / S_C) ** 2 + (dH / S_H) ** 2 + R * (dC / S_C) * (dH / S_H)
    distance: Floats = np.sqrt(np.maximum(squared, 0))
    return distance
