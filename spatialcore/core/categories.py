"""Categorical columns from codes."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

BLOCK = 1_000_000


def categorical(codes: Any, names: Iterable[Any], *, ordered: bool = False) -> pd.Categorical:
    """Return a categorical of integer codes into names; -1 is missing."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(names)), ordered=ordered)


def named(codes: npt.NDArray[Any], names: Iterable[str], otherwise: str) -> pd.Categorical:
    """Return a categorical of the names that occur, sorted; code -1 is `otherwise`, and equal names are one.

    It is what ``pd.Categorical`` makes of the names themselves, without making them for every cell.
    """
    table = np.array([*names, otherwise], dtype=object)
    used = np.zeros(len(table), dtype=bool)
    for first in range(0, len(codes), BLOCK):
        used[codes[first : first + BLOCK]] = True
    occurring, place = np.unique(table[used].astype(str), return_inverse=True)
    new = np.zeros(len(table), np.min_scalar_type(-len(table)))
    new[used] = place
    return categorical(new[codes], occurring.astype(object))
