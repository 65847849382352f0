"""How far apart two colours look: sRGB to CIE Lab, and the CIEDE2000 difference."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def srgb_to_lab(rgb: Floats) -> Floats:
    """Return CIE Lab (D65) of sRGB colours.

    Parameters
    ----------
    rgb
        Colours x 3, each channel in [0, 1].

    Returns
    -------
    Colours x 3: lightness 0 to 100, then the green-red and the blue-yellow axis.
    """
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    ).astype(np.float64)


def ciede2000(first: Floats, second: Floats) -> Floats:
    """Return the CIEDE2000 difference of two arrays of Lab colours, which broadcast against each other.

    The formula and the names of its terms are those of Sharma, Wu and Dalal, Color Res. Appl. 30:21 (2005).
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
