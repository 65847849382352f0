"""Refuse a query that no model can read, before the long stages."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.annotation.expression.data import Data
from spatialcore.annotation.expression.errors import require_expression
from spatialcore.annotation.expression.find import ExpressionSource, expression_of, find_expression
from spatialcore.core.compressed import CompressedRows
from spatialcore.core.genes.features import gene_columns
from spatialcore.core.matrix import as_numbers, is_on_disk, is_sparse, open_matrix, with_columns
from spatialcore.core.types import MatrixLike
from spatialcore.errors import InputError

CHECKED_CELLS = 50_000


def require_readable(adata: AnnData) -> ExpressionSource:
    """Return the matrix of the query that a model can read; raise if there is none. Called before the long stages.

    Raises
    ------
    InputError
        The query has no cells or no features.
    NormalizationError
        The query has neither raw counts nor log1p(10k), or values in memory are negative, infinite or NaN.
    """
    if adata.n_obs == 0:
        raise _no_cells()
    if adata.n_vars == 0:
        raise InputError("the query has no features", hint="pass data with genes; was everything filtered out?")
    expression = expression_of(adata)
    expression.warn("the query")
    source = expression.source
    blocks = _value_blocks(adata).get(source)
    for block in blocks() if blocks else ():
        require_expression(block, f"{source} of the query")
    return expression


def require_query(data: Data) -> ExpressionSource:
    """Raise if no model can read a query of an open file; see :func:`require_readable`."""
    if data.n_obs == 0:
        raise _no_cells()
    return find_expression(data)


def _no_cells() -> InputError:
    return InputError("the query has no cells", hint="pass data with cells; was everything filtered out?")


def _value_blocks(adata: AnnData) -> dict[str, Callable[[], Iterable[Any]]]:
    """Return names of matrices, and functions that return the stored values of their genes in blocks."""
    matrices = {"X": adata.X, **{f"layers/{name}": layer for name, layer in adata.layers.items()}}
    if adata.raw is not None:
        matrices["raw.X"] = adata.raw.X
    return {
        source: partial(_blocks, matrix, adata.raw.var if source == "raw.X" else adata.var)
        for source, matrix in matrices.items()
        if is_sparse(matrix) or is_on_disk(matrix) or isinstance(matrix, np.ndarray)
    }


def _blocks(matrix: MatrixLike, var: pd.DataFrame) -> Iterator[Any]:
    columns = gene_columns(var)
    if is_on_disk(matrix):
        opened = open_matrix(matrix)
        if columns is None and isinstance(opened, CompressedRows):
            yield from opened.values()
            return
        genes = with_columns(opened, columns)
        for first in range(0, matrix.shape[0], CHECKED_CELLS):
            yield genes.take(np.arange(first, min(first + CHECKED_CELLS, matrix.shape[0]))).data
        return
    matrix = as_numbers(matrix)
    part = matrix if columns is None else (matrix.tocsr() if is_sparse(matrix) else matrix)[:, columns]
    yield part.data if is_sparse(part) else part
