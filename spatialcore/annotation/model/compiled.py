"""The inner loops of scores and fit in C (``scores.c``), if the package was built with a compiler."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.core.logging import get_logger
from spatialcore.core.types import Floats
from spatialcore.errors import InputError

log = get_logger(__name__)

Float32s = npt.NDArray[np.float32]
LIBRARY = Path(__file__).with_name("_scores.so")


@cache
def library() -> ctypes.CDLL | None:
    """Return the compiled library; ``None`` if there is none for this machine, or one of an older source."""
    try:
        loaded = ctypes.CDLL(str(LIBRARY))
        _declare(loaded)
    except OSError:
        return None
    except AttributeError:  # a loop is missing
        log.warning("%s was built from an older source and is not used: install the package again", LIBRARY)
        return None
    return loaded


def _declare(loaded: ctypes.CDLL) -> None:
    """Declare the types of the loops; raise AttributeError if one is missing."""
    for index in ("int32", "int64"):
        for value in ("float32", "float64"):
            loop = getattr(loaded, f"scores_{index}_{value}")
            loop.argtypes = [ctypes.c_int64] * 3 + [ctypes.c_void_p] * 7
            loop.restype = ctypes.c_int64
    loaded.fit_scores.argtypes = [ctypes.c_int64] * 2 + [ctypes.c_void_p] * 6
    loaded.fit_gradient.argtypes = [ctypes.c_int64] * 2 + [ctypes.c_void_p] * 5
    loaded.fit_scores.restype = loaded.fit_gradient.restype = None


class FitLoops:
    """The two loops of a fit on sparse cells, in float32, see :mod:`spatialcore.annotation.training.logistic`.

    Parameters
    ----------
    X
        Cells x genes, float32.
    compiled
        The library.
    """

    def __init__(self, X: sparse.csr_matrix, compiled: ctypes.CDLL) -> None:
        if X.nnz and not 0 <= int(X.indices.min()) <= int(X.indices.max()) < X.shape[1]:
            raise InputError("the sparse matrix has an index beyond its genes", hint="write it again")
        self._compiled = compiled
        self._indptr = np.ascontiguousarray(X.indptr, dtype=np.int64)
        self._indices = np.ascontiguousarray(X.indices, dtype=np.int32)
        self._values = np.ascontiguousarray(X.data, dtype=np.float32)

    def scores(self, first: int, last: int, weights: Float32s, offset: Float32s) -> Float32s:
        """Return ``X[first:last] @ weights + offset``; weights are genes x classes, contiguous."""
        result = np.empty((last - first, len(offset)), np.float32)
        parts = (self._indptr[first:], self._indices, self._values, weights, offset, result)
        self._compiled.fit_scores(last - first, len(offset), *(part.ctypes.data for part in parts))
        return result

    def add_gradient(self, first: int, last: int, residual: Float32s, gradient: Float32s) -> None:
        """Add ``X[first:last].T @ residual`` to the gradient, genes x classes, in place."""
        parts = (self._indptr[first:], self._indices, self._values, residual, gradient)
        self._compiled.fit_gradient(last - first, residual.shape[1], *(part.ctypes.data for part in parts))


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
