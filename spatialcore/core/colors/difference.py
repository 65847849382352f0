"""Difference of colours as it is seen: CIE Lab, CIEDE2000, and both as seen with red-green colour blindness."""

from typing import Final

import numpy as np

from spatialcore.core.types import Floats

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
    ratio = _linear(rgb) @ _TO_XYZ.T / _WHITE
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


# Machado, Oliveira and Fernandes, IEEE Trans. Vis. Comput. Graph. 15:1291 (2009): deuteranopia and protanopia, on
# linear RGB.
_COLOR_BLIND: Final = (
    np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
)
# A difference seen with colour blindness counts this much of one seen with all cones, so that "safe" is one number.
COLOR_BLIND_WEIGHT: Final = 1.5


def as_seen(rgb: Floats) -> tuple[Floats, Floats, Floats]:
    """Return sRGB colours as Lab: seen with all cones, with deuteranopia and with protanopia.

    Parameters
    ----------
    rgb
        Colours x 3, each channel in [0, 1].
    """
    linear = _linear(rgb)
    blind = [srgb_to_lab(_compressed(np.clip(linear @ matrix.T, 0, 1))) for matrix in _COLOR_BLIND]
    return srgb_to_lab(rgb), blind[0], blind[1]


def differences(first: Floats, second: Floats, *, color_blind: bool = True) -> Floats:
    """Return the CIEDE2000 difference of every colour of `first` to every colour of `second`, first x second.

    Parameters
    ----------
    first, second
        sRGB colours x 3, each channel in [0, 1].
    color_blind
        Return the smallest of the difference seen with all cones, and 1.5 times those seen with deuteranopia and
        protanopia.
    """
    views = zip(as_seen(first), as_seen(second), strict=True)
    distances = [ciede2000(a[:, None], b[None]) for a, b in (views if color_blind else [next(views)])]
    return (
        distances[0]
        if len(distances) == 1
        else np.minimum(distances[0], COLOR_BLIND_WEIGHT * np.minimum(distances[1], distances[2]))
    )


def _linear(rgb: Floats) -> Floats:
    linear: Floats = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear


def _compressed(linear: Floats) -> Floats:
    rgb: Floats = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb
