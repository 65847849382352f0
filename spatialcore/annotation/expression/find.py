"""Find the matrix with expression that a model can read: of queries and references, in memory and on disk."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.annotation.expression.alternatives import what_to_provide
from spatialcore.annotation.expression.data import Data, InMemory, matrix_of
from spatialcore.annotation.expression.errors import mixed_scales, not_normalizable
from spatialcore.core.counts import MAX_COUNTS, recover_counts
from spatialcore.core.genes.features import gene_columns, gene_names
from spatialcore.core.normalization import X_STATE_TEXTS, Status
from spatialcore.core.on_disk.once import once_per_file
from spatialcore.core.one_scale import odd_cells
from spatialcore.core.sampling import draw_runs
from spatialcore.core.types import MatrixLike
from spatialcore.errors import InputError, NormalizationError

SCALE_CELLS = 5_000
STRAYS = 0.05
FIRST_FEATURES = 500  # one name of a gene is enough
ExpressionKind = Literal["counts", "recoverable", "log1p"]


@dataclass(frozen=True)
class ExpressionSource:
    """A matrix and its kind: "counts", "recoverable" (counts can be recovered) or "log1p" (log1p(10k))."""

    source: str
    kind: ExpressionKind
    status: Status


def find_expression(data: Data, name: str = "", random_state: int = 42) -> ExpressionSource:
    """Find the expression that a model can read or learn from.

    Raw counts in the layers counts, raw_counts or raw, in raw.X or in X come first; then normalized values from which
    counts can be recovered, or log1p(10k). Random cells are checked one by one: all must be on one scale.

    Raises
    ------
    InputError
        The features of the matrix with the counts are not named by genes.
    NormalizationError
        No matrix has such expression, or some cells are on another scale than the others.
    """
    status = data.status(random_state)
    source = status["raw_source"] or "X"
    _require_names(data.var_of(source), source, name)
    if status["raw_source"] is not None:
        _require_one_scale(data, source, "counts", name)
        return ExpressionSource(source, "counts", status)
    state = status["x_state"]
    if state in ("log1p_10k", "log1p_other", "log1p_cpm"):
        sample = _drawn(data, source)
        _require_one_scale(data, source, "logarithms", name, sample)
        if state == "log1p_10k":
            return ExpressionSource(source, "log1p", status)
        if recover_counts(sample)[1] == "recovered":
            return ExpressionSource(source, "recoverable", status)
    _refuse_stray_values(data, source, name)
    hint = what_to_provide(data, status)
    if name:
        raise not_normalizable(status, name, hint)
    raise NormalizationError(
        f"Cannot prepare data for CellTypist: no raw counts found, and X is {state} ({X_STATE_TEXTS[state]}), "
        "not log1p(10k)",
        hint=hint,
    )


def _refuse_stray_values(data: Data, source: str, name: str) -> None:
    """Raise if a few values cannot be expression; data in which many cannot are of another kind."""
    values = _drawn(data, source)
    strays = np.isnan(values.data) | np.isinf(values.data) | (values.data < 0)
    if 0 < strays.sum() <= STRAYS * values.nnz:
        raise mixed_scales(odd_cells(values, "counts"), values.shape[0], _where(source, name))


def _require_names(var: pd.DataFrame, source: str, name: str) -> None:
    if len(var) and not _has_genes(var.iloc[:FIRST_FEATURES]) and not _has_genes(var):
        raise InputError(
            f"no feature of {_where(source, name)} has the name of a gene: {', '.join(map(str, var.index[:5]))} ...",
            hint="var_names must be gene symbols or Ensembl ids, or a column of var must hold them",
        )


def _has_genes(var: pd.DataFrame) -> bool:
    return any(gene_names(var)[0])


def _drawn(data: Data, source: str) -> Any:
    rows = draw_runs(data.n_obs, SCALE_CELLS, np.random.default_rng(0))
    return data.gene_matrix(source).take(rows)


def _require_one_scale(
    data: Data, source: str, kind: Literal["counts", "logarithms"], name: str, sample: Any = None
) -> None:
    values = _drawn(data, source) if sample is None else sample
    odd = odd_cells(values, kind)
    if odd:
        raise mixed_scales(odd, values.shape[0], _where(source, name), _largest_features(data.var_of(source), values))


def _where(source: str, name: str) -> str:
    return f"{source} of {name}" if name else source


def _largest_features(var: pd.DataFrame, values: Any) -> list[str]:
    """Name the features with more counts in a cell than any gene has, such as a column of identifiers."""
    columns = gene_columns(var)
    names = var.index if columns is None else var.index[columns]
    largest = np.asarray(values.max(axis=0).toarray(), dtype=float).ravel()
    return [f"{names[i]!r} (up to {largest[i]:.3g})" for i in np.flatnonzero(largest > MAX_COUNTS)[:5]]


def find_counts(adata: AnnData) -> tuple[MatrixLike, str, str]:
    """Return the matrix to read, its kind and its name."""
    expression = once_per_file(adata, lambda: find_expression(InMemory(adata)))
    return matrix_of(adata, expression.source), expression.kind, expression.source
