"""The inner loops of scores, fit and simulation in C (``scores.c``), if the package was built with a compiler."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.core.compressed import rows_of
from spatialcore.core.logging import get_logger
from spatialcore.core.types import Codes, Floats
from spatialcore.errors import InputError

log = get_logger(__name__)

Float32s = npt.NDArray[np.float32]
Table = npt.NDArray[np.float64] | npt.NDArray[np.float32]
LIBRARY = Path(__file__).with_name("_scores.so")
PREFIXES = {np.dtype(np.float64): "", np.dtype(np.float32): "single_"}  # of the loops for tables of weights
LANES, MIN_LANES = 8, 24


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
            for loop in (getattr(loaded, f"{prefix}scores_{index}_{value}") for prefix in PREFIXES.values()):
                loop.argtypes = [ctypes.c_int64] * 3 + [ctypes.c_void_p] * 7
                loop.restype = ctypes.c_int64
    for loop in (loaded.fit_scores, loaded.fit_gradient):
        loop.argtypes, loop.restype = [ctypes.c_int64] * 2 + [ctypes.c_void_p] * 5, None
    loaded.subtract_largest.argtypes, loaded.subtract_largest.restype = (
        [ctypes.c_int64] * 2 + [ctypes.c_void_p] * 3,
        None,
    )
    loaded.weigh_residuals.argtypes, loaded.weigh_residuals.restype = [ctypes.c_int64] * 2 + [ctypes.c_void_p] * 4, None
    loaded.draw_genes.argtypes, loaded.draw_genes.restype = [ctypes.c_int64] * 3 + [ctypes.c_void_p] * 9, None


class GeneLoops:
    """The two loops of a fit over cells stored by gene, see :mod:`spatialcore.annotation.training.solver.fit_cells`.

    Parameters
    ----------
    X
        Cells x genes, at most 65,536 cells.
    compiled
        The library.
    """

    def __init__(self, X: sparse.csr_matrix, compiled: ctypes.CDLL) -> None:
        if X.nnz and not 0 <= int(X.indices.min()) <= int(X.indices.max()) < X.shape[1]:
            raise InputError("the sparse matrix has an index beyond its genes", hint="write it again")
        by_gene = X.tocsc()
        self.n_cells, self.n_genes = X.shape
        self._compiled = compiled
        self._starts = by_gene.indptr.astype(np.int32)
        self._cells = by_gene.indices.astype(np.uint16)
        self._values = by_gene.data.astype(np.float32)

    def cap(self, most: Float32s) -> None:
        """Lower the values of each gene to its largest one, in place."""
        np.minimum(self._values, np.repeat(most, np.diff(self._starts)), out=self._values)

    def scores(self, weights: Float32s, offset: Float32s) -> Float32s:
        """Return ``X @ weights + offset``; weights are genes x classes, contiguous, see :func:`padded`."""
        result = np.tile(offset, (self.n_cells, 1))
        self._run(self._compiled.fit_scores, weights, result)
        return result

    def add_gradient(self, residual: Float32s, gradient: Float32s) -> None:
        """Add ``X.T @ residual`` to the gradient, genes x classes, in place."""
        self._run(self._compiled.fit_gradient, residual, gradient)

    def _run(self, loop: Any, source: Float32s, target: Float32s) -> None:
        parts = (self._starts, self._cells, self._values, source, target)
        loop(self.n_genes, source.shape[1], *(part.ctypes.data for part in parts))


def padded(n_classes: int) -> int:
    """Return the number of classes with those that fill up the vectors of the loops.

    Examples
    --------
    >>> padded(5), padded(30), padded(40)
    (24, 32, 40)
    """
    return max(MIN_LANES, -(-n_classes // LANES) * LANES)


def scores(block: sparse.csr_matrix, weights: Table, offset: Table, cap: Table) -> Table | None:
    """Return ``minimum(block, cap) @ weights + offset`` in the precision of the weights.

    ``None`` without a compiled library.

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
        *(np.ascontiguousarray(part, dtype=weights.dtype) for part in (weights, offset, cap)),
    )
    result: Table = np.empty((block.shape[0], weights.shape[1]), weights.dtype)
    loop: Any = getattr(compiled, f"{PREFIXES[weights.dtype]}scores_{index}_{value}")
    bad = loop(*block.shape, weights.shape[1], *(part.ctypes.data for part in (*parts, result)))
    if bad:
        raise InputError(
            f"row {bad - 1} of the matrix has a column index beyond its {block.shape[1]} columns",
            hint="the sparse matrix is damaged: write it again from its source",
        )
    return result


def softmax_residual(scores: Float32s, codes: Codes, weights: Float32s) -> float | None:
    """Turn scores into weighted residuals (probability - truth), in place; return the weighted loss.

    ``None``, and unchanged scores, without a compiled library.

    Parameters
    ----------
    scores
        Cells x classes, contiguous; the number of classes is a multiple of 8, see :func:`padded`.
    codes
        Class of each cell.
    weights
        Weight of each cell.
    """
    compiled = library()
    if compiled is None:
        return None
    codes, weights = np.ascontiguousarray(codes, dtype=np.int64), np.ascontiguousarray(weights)
    own, totals = np.empty_like(weights), np.empty_like(weights)
    compiled.subtract_largest(*scores.shape, *(part.ctypes.data for part in (codes, scores, own)))
    np.exp(scores, out=scores)
    compiled.weigh_residuals(*scores.shape, *(part.ctypes.data for part in (codes, weights, scores, totals)))
    return float(weights @ (np.log(totals) - own))


def drawn_genes(numbers: Codes, edges: Floats, uniform: Floats) -> sparse.csr_matrix | None:
    """Return counts of cells whose genes are drawn by uniform numbers, or ``None`` without a compiled library.

    Parameters
    ----------
    numbers
        Counts of each cell.
    edges
        Sums of the shares up to each gene, the last of them one.
    uniform
        One number from 0 to below 1 for each count, cell after cell.
    """
    compiled = library()
    if compiled is None or len(uniform) > np.iinfo(np.int32).max:
        return None
    n_cells, n_genes, n_guide = len(numbers), len(edges), 4 << len(edges).bit_length()
    starts = np.concatenate([[0], np.cumsum(numbers)]).astype(np.int64)
    guide = np.searchsorted(edges, np.arange(n_guide) / n_guide, side="right").astype(np.int32)
    indptr, indices = np.zeros(n_cells + 1, np.int32), np.empty(len(uniform), np.int32)
    values = np.empty(len(uniform), np.float32)
    counts, bits = np.zeros(n_genes, np.float32), np.zeros(-(-n_genes // 64), np.uint64)
    parts = (starts, uniform, np.ascontiguousarray(edges), guide, counts, bits, indptr, indices, values)
    compiled.draw_genes(n_cells, n_genes, n_guide, *(part.ctypes.data for part in parts))
    stored = int(indptr[-1])
    return rows_of(values[:stored].copy(), indices[:stored].copy(), indptr, n_genes)
