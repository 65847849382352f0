"""Categorical columns from codes."""

from collections.abc import Iterable
from typing import Any

import pandas as pd


def categorical(codes: Any, names: Iterable[Any], *, ordered: bool = False) -> pd.Categorical:
    """Return a categorical of integer codes into names; -1 is missing."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(names)), ordered=ordered)
