"""Find the matrix with expression that a model can read, and check its values.

:func:`find_expression` does so for queries and references, in memory and on disk. A run, a dry run and ``inspect``
raise the same errors.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.counts import MOST_COUNTS, recover_counts
from spatialcore.core.genes.features import gene_columns, gene_names
from spatialcore.core.matrix import Matrix, is_on_disk, is_sparse, open_matrix, with_columns
from spatialcore.core.normalization import X_STATE_TEXTS, Status, check_normalization_status
from spatialcore.core.on_disk.once import once_per_file
from spatialcore.core.one_scale import odd_cells
from spatialcore.core.sampling import draw_rows, draw_runs
from spatialcore.core.types import MatrixLike, Numbers
from spatialcore.errors import GeneOverlapError, InputError, NormalizationError

SAMPLE = 1_000
SCALE_CELLS = 5_000
STRAYS = 0.05
CHECKED_CELLS = 50_000
ExpressionKind = Literal["counts", "recoverable", "log1p"]


class Data(Protocol):
    """Interface of an open file or of an AnnData in memory (:class:`InMemory`)."""

    n_obs: int

    def status(self, random_state: int = 42) -> Status:
        """Return the location of raw counts and the state of X."""

    def gene_matrix(self, source: str) -> Matrix:
        """Open a matrix by its name, without features that are not genes."""

    def var_of(self, source: str) -> pd.DataFrame:
        """Return the features of a matrix."""


class InMemory:
    """An AnnData as :class:`Data`; of dask arrays, random rows are read."""

    def __init__(self, adata: AnnData) -> None:
        self._sampled = _sample(adata)
        self.n_obs = self._sampled.n_obs

    def status(self, random_state: int = 42) -> Status:
        """See :class:`Data`."""
        return check_normalization_status(self._sampled, random_state=random_state)

    def matrix(self, source: str) -> Matrix:
        """See :class:`Data`."""
        return open_matrix(matrix_of(self._sampled, source))

    def gene_matrix(self, source: str) -> Matrix:
        """See :class:`Data`."""
        return with_columns(self.matrix(source), gene_columns(self.var_of(source)))

    def var_of(self, source: str) -> pd.DataFrame:
        """See :class:`Data`."""
        return var_of(self._sampled, source)


@dataclass(frozen=True)
class ExpressionSource:
    """A matrix and its kind: "counts", "recoverable" (counts can be recovered) or "log1p" (log1p(10k))."""

    source: str
    kind: ExpressionKind
    status: Status


def find_expression(data: Data, name: str = "", random_state: int = 42) -> ExpressionSource:
    """Find the expression that a model can read or learn from.

    Raw counts in the layers counts, raw_counts or raw, in raw.X or in X come first; then normalised values from which
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
    if name:
        raise not_normalizable(status, name)
    raise NormalizationError(
        f"Cannot prepare data for CellTypist: no raw counts found, and X is {state} ({X_STATE_TEXTS[state]}), "
        "not log1p(10k)",
        hint='provide raw counts in X, layers["counts"] or raw.X, or log1p(10k) in X',
    )


def not_normalizable(status: Status, name: str = "") -> NormalizationError:
    """Return the error for data without counts whose X is not log1p(10,000)."""
    where = f" of {name}" if name else ""
    stats = status["stats"]
    return NormalizationError(
        f"Cannot safely normalize data{where}: no raw counts found and X is not verified log1p_10k. "
        f"X is {X_STATE_TEXTS[status['x_state']]} (state {status['x_state']}, sampled values "
        f"{stats['min']:.3g} to {stats['max']:.3g}, total once the logarithm is undone {status['x_target_sum']})",
        hint='provide raw counts in adata.layers["counts"], or use unsafe_force=True when you know that X can be used',
    )


def _refuse_stray_values(data: Data, source: str, name: str) -> None:
    """Raise if a few values cannot be expression; data in which many cannot are of another kind."""
    values = _drawn(data, source)
    strays = np.isnan(values.data) | np.isinf(values.data) | (values.data < 0)
    if 0 < strays.sum() <= STRAYS * values.nnz:
        raise mixed_scales(odd_cells(values, "counts"), values.shape[0], _where(source, name))


def _require_names(var: pd.DataFrame, source: str, name: str) -> None:
    if len(var) and not any(gene_names(var)[0]):
        raise InputError(
            f"no feature of {_where(source, name)} has the name of a gene: {', '.join(map(str, var.index[:5]))} ...",
            hint="var_names must be gene symbols or Ensembl ids, or a column of var must hold them",
        )


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
    return [f"{names[i]!r} (up to {largest[i]:.3g})" for i in np.flatnonzero(largest > MOST_COUNTS)[:5]]


def mixed_scales(odd: dict[str, int], n: int, where: str, features: Sequence[str] = ()) -> NormalizationError:
    """Return the error for cells whose values cannot be expression, or are on another scale than the others."""
    cells = ", ".join(f"{number:,} with {what}" for what, number in odd.items())
    names = f"; features that cannot be genes: {', '.join(features)}" if features else ""
    return NormalizationError(
        f"{where} has cells whose values are not on one scale of expression: of {n:,} cells {cells}{names}",
        hint="pass raw counts of all cells, as the instrument or the aligner wrote them, or remove these cells",
    )


def matrix_of(adata: AnnData, source: str) -> MatrixLike:
    """Return a matrix by the name that `check_normalization_status` gives it: "X", "raw.X" or "layers/<name>"."""
    if source == "raw.X":
        return adata.raw.X
    return adata.X if source == "X" else adata.layers[source.removeprefix("layers/")]


def var_of(adata: AnnData, source: str) -> pd.DataFrame:
    """Return the var frame of a matrix: raw.X may have more features than X."""
    var: pd.DataFrame = adata.raw.var if source == "raw.X" else adata.var
    return var


def is_dask(matrix: MatrixLike) -> bool:
    """Return whether a matrix is a dask array, without importing dask."""
    return type(matrix).__module__.startswith("dask.")


def find_counts(adata: AnnData) -> tuple[MatrixLike, str, str]:
    """Return the matrix to read, its kind and its name."""
    expression = once_per_file(adata, lambda: find_expression(InMemory(adata)))
    return matrix_of(adata, expression.source), expression.kind, expression.source


def no_shared_genes(name: str, names: Sequence[str], other_name: str, other_names: Sequence[str]) -> GeneOverlapError:
    """Return the error for two gene sets without a gene in common; it shows the first names of both."""
    return GeneOverlapError(
        f"No shared genes found between {name} ({', '.join(map(str, names[:5]))} ...) and {other_name} "
        f"({', '.join(map(str, other_names[:5]))} ...)",
        hint="check Ensembl ids against symbols, and the species; ids are mapped through a var column feature_name or "
        "gene_symbols, or through the shipped human and mouse tables",
    )


def require_readable(adata: AnnData) -> None:
    """Raise if no model can read the query. Called before the long stages.

    Raises
    ------
    InputError
        The query has no cells.
    NormalizationError
        The query has neither raw counts nor log1p(10k), or values in memory are negative, infinite or NaN.
    """
    if adata.n_obs == 0:
        raise _no_cells()
    source = find_counts(adata)[2]
    blocks = _value_blocks(adata).get(source)
    for block in blocks() if blocks else ():
        require_expression(block, f"{source} of the query")


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
        genes = with_columns(open_matrix(matrix), columns)
        for first in range(0, matrix.shape[0], CHECKED_CELLS):
            yield genes.take(np.arange(first, min(first + CHECKED_CELLS, matrix.shape[0]))).data
        return
    part = matrix if columns is None else (matrix.tocsr() if is_sparse(matrix) else matrix)[:, columns]
    yield part.data if is_sparse(part) else part


def require_expression(values: Numbers, source: str, most: float = 1.0) -> None:
    """Raise if values cannot be expression: negative, infinite or NaN.

    Parameters
    ----------
    values
        The stored values of a matrix.
    source
        Name of the matrix, for the error.
    most
        If a larger share of the values is affected, no error is raised: the data are then of another kind.

    Raises
    ------
    NormalizationError
        With the number of values of each kind.
    """
    if values.size == 0 or (values.min() >= 0 and np.isfinite(values.max())):  # a NaN makes both comparisons false
        return
    bad = {"NaN": np.isnan(values), "infinite": np.isinf(values), "negative": values < 0}
    counts = {kind: int(mask.sum()) for kind, mask in bad.items() if mask.any()}
    if sum(counts.values()) > most * values.size:
        return
    listed = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    raise NormalizationError(
        f"{source} has values that cannot be expression: {listed} of {values.size:,}",
        hint="pass raw counts as the instrument wrote them, or drop the cells and genes with such values",
    )


def _sample(adata: AnnData) -> AnnData:
    """Return an AnnData whose state can be checked: itself, or random rows of one made of dask arrays."""
    parts = {"X": adata.X, **dict(adata.layers.items())}
    if not any(is_dask(part) for part in parts.values()):
        return adata
    rows = draw_rows(adata.n_obs, SAMPLE, np.random.default_rng(0))
    drawn = {name: _computed(part[rows]) for name, part in parts.items() if part is not None}
    return AnnData(drawn.pop("X", None), var=adata.var.copy(), layers=drawn)


def _computed(part: Any) -> Any:
    return part.compute() if is_dask(part) else part
