"""Find the matrix with expression that a model can read: of queries and references, in memory and on disk."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.annotation.expression.alternatives import LOGARITHMS, what_to_provide
from spatialcore.annotation.expression.data import Data, InMemory, matrix_of, var_of
from spatialcore.annotation.expression.errors import mixed_scales, not_normalizable
from spatialcore.core.counts import MAX_COUNTS, recover_counts
from spatialcore.core.genes.features import gene_columns, gene_names
from spatialcore.core.logging import get_logger
from spatialcore.core.normalization import X_STATE_TEXTS, Status, XState, matrix_state
from spatialcore.core.on_disk.once import once_per_file
from spatialcore.core.one_scale import odd_cells
from spatialcore.core.sampling import draw_runs
from spatialcore.core.types import MatrixLike
from spatialcore.errors import InputError, NormalizationError

log = get_logger(__name__)

SCALE_CELLS = 5_000
STRAYS = 0.05
FIRST_FEATURES = 500  # one name of a gene is enough
ExpressionKind = Literal["counts", "recoverable", "log1p"]


@dataclass(frozen=True)
class ExpressionSource:
    """A matrix and its kind: "counts", "recoverable" (counts can be recovered) or "log1p" (log1p(10k)).

    ``status``: of the data, in which ``x_state`` is that of X.
    """

    source: str
    kind: ExpressionKind
    status: Status

    @property
    def replaces_x(self) -> bool:
        """Whether logarithms in raw.X are used because X has none."""
        return self.source == "raw.X" and self.kind != "counts"

    def warn(self, name: str) -> None:
        """Log which matrix is used if that is not obvious: logarithms in raw.X."""
        if self.replaces_x:
            state = X_STATE_TEXTS[self.status["x_state"]]
            log.warning("X of %s has no expression (%s): the logarithms in raw.X are used, with its genes", name, state)


def unverified(status: Status) -> ExpressionSource:
    """Return the matrix with counts, or X whatever it has: of data that are used without verification."""
    if status["raw_source"] is not None:
        return ExpressionSource(status["raw_source"], "counts", status)
    return ExpressionSource("X", "log1p" if status["x_state"] == "log1p_10k" else "recoverable", status)


def find_expression(data: Data, name: str = "", random_state: int = 42) -> ExpressionSource:
    """Find the expression that a model can read or learn from.

    Raw counts in the layers counts, raw_counts or raw, in raw.X or in X come first; then normalized values from which
    counts can be recovered, or log1p(10k), in X, or in raw.X if X has none (X was scaled or corrected). Random cells
    are checked one by one: all must be on one scale.

    Raises
    ------
    InputError
        The features of the matrix with the counts are not named by genes.
    NormalizationError
        No matrix has such expression, or some cells are on another scale than the others.
    """
    status = data.status(random_state)
    source = status["raw_source"] or "X"
    has_x = "X" in data.sources()
    if has_x or source != "X":
        _require_names(data.var_of(source), source, name)
    if status["raw_source"] is not None:
        _require_one_scale(data, source, "counts", name)
        return ExpressionSource(source, "counts", status)
    state = status["x_state"]
    if has_x and (kind := _kind_of_logarithms(data, "X", state, name)):
        return ExpressionSource("X", kind, status)
    if kind := _kind_of_logarithms(data, "raw.X", _state_of_raw(data), name):
        return ExpressionSource("raw.X", kind, status)
    if not has_x:
        raise InputError(f"{name or 'the query'} has no X, and no counts elsewhere", hint=what_to_provide(data, status))
    _refuse_stray_values(data, source, name)
    hint = what_to_provide(data, status)
    if name:
        raise not_normalizable(status, name, hint)
    raise NormalizationError(
        f"Cannot prepare data for CellTypist: no raw counts found, and X is {state} ({X_STATE_TEXTS[state]}), "
        "not log1p(10k)",
        hint=hint,
    )


def _state_of_raw(data: Data) -> XState:
    """Return the state of raw.X; "unknown" if there is none, or if its genes have no names."""
    if "raw.X" not in data.sources() or not _has_genes(data.var_of("raw.X")):
        return "unknown"
    return matrix_state(data.gene_matrix("raw.X"))


def _kind_of_logarithms(data: Data, source: str, state: XState, name: str) -> ExpressionKind | None:
    """Return the kind of a matrix of logarithms; None if a model cannot read it."""
    if state not in LOGARITHMS:
        return None
    sample = _drawn(data, source)
    _require_one_scale(data, source, "logarithms", name, sample)
    if state == "log1p_10k":
        return "log1p"
    return "recoverable" if recover_counts(sample)[1] == "recovered" else None


def _refuse_stray_values(data: Data, source: str, name: str) -> None:
    """Raise if a few values cannot be expression; data in which many cannot are of another kind."""
    values = _drawn(data, source)
    strays = np.isnan(values.data) | np.isinf(values.data) | (values.data < 0)
    if 0 < strays.sum() <= STRAYS * values.nnz:
        raise mixed_scales(odd_cells(values, "counts"), values.shape[0], _where(source, name))


def _require_names(var: pd.DataFrame, source: str, name: str) -> None:
    if len(var) and not _has_genes(var):
        raise InputError(
            f"no feature of {_where(source, name)} has the name of a gene: {', '.join(map(str, var.index[:5]))} ...",
            hint="var_names must be gene symbols or Ensembl ids, or a column of var must hold them",
        )


def _has_genes(var: pd.DataFrame) -> bool:
    return any(gene_names(var.iloc[:FIRST_FEATURES])[0]) or any(gene_names(var)[0])


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


def expression_of(adata: AnnData) -> ExpressionSource:
    """Return what :func:`find_expression` finds in a query; of a file, it is found once."""
    return once_per_file(adata, lambda: find_expression(InMemory(adata)))


def measured_features(adata: AnnData) -> pd.DataFrame:
    """Return the features of a query: var, or raw.var if logarithms in raw.X are used because X has none."""
    try:
        replaces_x = adata.raw is not None and adata.n_obs > 0 and expression_of(adata).replaces_x
    except InputError:  # raised where the expression is read
        replaces_x = False
    return var_of(adata, "raw.X" if replaces_x else "X")


def find_counts(adata: AnnData) -> tuple[MatrixLike, str, str]:
    """Return the matrix to read, its kind and its name."""
    expression = expression_of(adata)
    return matrix_of(adata, expression.source), expression.kind, expression.source
