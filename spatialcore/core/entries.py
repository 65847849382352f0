"""Read entries of an AnnData whatever their type, and rename entries of users that have the names of results."""

from collections.abc import Container, Mapping, MutableMapping
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.columns import SPATIAL
from spatialcore.core.logging import get_logger
from spatialcore.core.types import Floats

log = get_logger(__name__)

SUFFIX = "_before"


def mapping_in(uns: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a mapping of uns; an empty one if there is none, or something else under its name.

    Parameters
    ----------
    uns
        ``adata.uns``.
    key
        Name of the entry.

    Returns
    -------
    Mapping
        The entry itself, not a copy.

    Examples
    --------
    >>> mapping_in({"source": {"unit": "um"}}, "source"), mapping_in({"source": "a text"}, "source")
    ({'unit': 'um'}, {})
    """
    value = uns.get(key)
    return value if isinstance(value, Mapping) else {}


def coordinates_in(adata: AnnData, key: str = SPATIAL) -> Floats | None:
    """Return the coordinates of the cells as numbers.

    Parameters
    ----------
    adata
        The cells.
    key
        Element of obsm: an array, a frame or a sparse matrix.

    Returns
    -------
    ndarray or None
        Cells x dimensions, float64, NaN where missing or infinite; None if there is no such element, or one without at
        least two columns of numbers.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1, 2], "y": [3.0, None]}, index=["a", "b"])
    >>> coordinates_in(AnnData(obs=frame[[]], obsm={"spatial": frame})).tolist()
    [[1.0, 3.0], [2.0, nan]]
    """
    numbers = _numbers(adata.obsm.get(key))
    if numbers is None or numbers.ndim != 2 or numbers.shape[1] < 2:
        return None
    infinite = np.isinf(numbers)
    return np.where(infinite, np.nan, numbers) if infinite.any() else numbers


def n_located(coordinates: Floats | None) -> int:
    """Return the number of cells with finite coordinates in the plane.

    Parameters
    ----------
    coordinates
        Cells x dimensions, or None.

    Returns
    -------
    int
        The number of cells, 0 for None.

    Examples
    --------
    >>> n_located(np.array([[1.0, 2.0, np.nan], [np.nan, 2.0, 0.0]]))
    1
    """
    return 0 if coordinates is None else int(np.isfinite(coordinates[:, :2]).all(axis=1).sum())


def _numbers(value: Any) -> Floats | None:
    to_array = getattr(value, "toarray", None)  # of a sparse matrix
    try:
        if isinstance(value, pd.DataFrame):
            return value.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(value if to_array is None else to_array(), dtype=np.float64)
    except (TypeError, ValueError):
        return None


def move_entry(part: MutableMapping[str, Any], name: str, where: str) -> str:
    """Move an entry of uns, obsm or layers to a free name, log it, and return the name.

    Examples
    --------
    >>> layers = {"counts": 1}
    >>> move_entry(layers, "counts", "layers"), layers
    ('counts_before', {'counts_before': 1})
    """
    free = free_name(name + SUFFIX, part)
    part[free] = part.pop(name)
    log.warning("%s[%r] exists already: it is renamed to %r", where, name, free)
    return free


def free_name(name: str, existing: Container[str]) -> str:
    """Return the name, with a number if it exists.

    Examples
    --------
    >>> free_name("a", ["b"]), free_name("a", ["a", "a_2"])
    ('a', 'a_3')
    """
    numbered = (f"{name}_{n}" for n in count(2))
    return name if name not in existing else next(each for each in numbered if each not in existing)
