"""Categorical columns made from integer codes."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spatialcore.core.types import Codes, Numbers

BLOCK = 1_000_000


def categorical(codes: Numbers | Sequence[int], names: Iterable[object], *, ordered: bool = False) -> pd.Categorical:
    """Return a categorical with these codes and category names; code -1 is missing.

    Examples
    --------
    >>> list(categorical([1, 0, -1], ["B cell", "T cell"]))
    ['T cell', 'B cell', nan]
    """
    # pandas-stubs knows lists of codes only
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(names)), ordered=ordered)  # type: ignore[arg-type]


def named(codes: Codes, names: Iterable[str], otherwise: str) -> pd.Categorical:
    """Return a categorical whose categories are the sorted names that occur.

    Equal to ``pd.Categorical(array_of_names)``, but without an array of one name per cell.

    Parameters
    ----------
    codes
        Position in `names`, one per cell; -1 stands for `otherwise`.
    names
        Names by code. Codes with equal names become one category.
    otherwise
        Name of code -1.

    Examples
    --------
    >>> list(named(np.array([1, 0, -1]), ["B cell", "T cell"], "Unassigned"))
    ['T cell', 'B cell', 'Unassigned']
    """
    table = np.array([*names, otherwise], dtype=object)
    used = np.zeros(len(table), dtype=bool)
    for first in range(0, len(codes), BLOCK):
        used[codes[first : first + BLOCK]] = True
    occurring, positions = np.unique(table[used].astype(str), return_inverse=True)
    new = np.zeros(len(table), np.min_scalar_type(-len(table)))
    new[used] = positions
    return categorical(new[codes], occurring.astype(object))


def coded_labels(values: "pd.Series[Any]", missing: str = "nan") -> tuple[Codes, list[str]]:
    """Return the position of each label among the texts of the labels, and these texts; a category is read once.

    Parameters
    ----------
    values
        Labels of any type.
    missing
        Text of a missing label.

    Returns
    -------
    codes : integers, one per label
    names : texts, each once; some may not occur

    Examples
    --------
    >>> coded_labels(pd.Series(["B cell", None, "B cell"], dtype="category"), "none")
    (array([0, 1, 0], dtype=int32), ['B cell', 'none'])
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        # np.asarray(values.cat.codes) would make a hash table of the index, and keep it
        codes, labels = values.cat.codes.to_numpy(), values.cat.categories
    else:
        codes, labels = pd.factorize(values.astype(object))
    positions, names = pd.factorize(np.array([*(str(label) for label in labels), missing], dtype=object))
    return positions.astype(np.int32)[codes], list(names)


def as_texts(values: "pd.Series[Any]", missing: str = "nan") -> "pd.Series[Any]":
    """Return labels as texts, as a categorical whose categories occur: ``astype(str)`` without a text per cell.

    Examples
    --------
    >>> as_texts(pd.Series([1.0, None, 1.0])).tolist()
    ['1.0', 'nan', '1.0']
    """
    codes, names = coded_labels(values, missing)
    return pd.Series(named(codes, names, missing), index=values.index, name=values.name)
