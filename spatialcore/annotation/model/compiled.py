"""The inner loop of the scores in C (``scores.c``), if the package was built with a compiler."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from spatialcore.core.types import Floats
from spatialcore.errors import InputError

LIBRARY = Path(__file__).with_name("_scores.so")


@cache
def library() -> ctypes.CDLL | None:
    """Return the compiled library; ``None`` if there is none for this machine."""
    try:
        loaded = ctypes.CDLL(str(LIBRARY))
    except OSError:
        return None
    for index in ("int32", "int64"):
        for value in ("float32", "float64"):
            loop = getattr(loaded, f"scores_{index}_{value}")
            loop.argtypes = [ctypes.c_int64] * 3 + [ctypes.c_void_p] * 7
            loop.restype = ctypes.c_int64
    return loaded


def scores(block: sparse.csr_matrix, weights: Floats, offset: Floats, cap: Floats) -> Floats | None:
    """Return ``minimum(block, cap) @ weights + offset``, or ``None`` without a compiled library.

    Raises
    ------
    InputError
        A column index of the matrix is out of range.
    """
    compiled = library()
    if compiled is None:
        return None
    index = block.indices.dtype if block.indices.dtype in (np.int32, np.int64) else np.dtype(np.int64)
    value = block.data.dtype if block.data.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    parts = (
        np.ascontiguousarray(block.indptr, dtype=index),
        np.ascontiguousarray(block.indices, dtype=index),
        np.ascontiguousarray(block.data, dtype=value),
        *(np.ascontiguousarray(part, dtype=np.float64) for part in (weights, offset, cap)),
    )
    result: Floats = np.empty((block.shape[0], weights.shape[1]))
    loop: Any = getattr(compiled, f"scores_{index}_{value}")
    bad = loop(*block.shape, weights.shape[1], *(part.ctypes.data for part in (*parts, result)))
    if bad:
        raise InputError(
            f"row {bad - 1} of the matrix has a column index beyond its {block.shape[1]} columns",
            hint="the sparse matrix is damaged: write it again from its source",
        )
    return result
