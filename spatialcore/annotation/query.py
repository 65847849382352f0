"""The query as the model reads it: the model's genes, in blocks of cells, from memory, from disk or from dask."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from anndata import AnnData
from scipy import sparse

from spatialcore.core.compressed import rows_of
from spatialcore.core.counts import recover_counts
from spatialcore.core.genes import ids_of, is_control, shared_positions, symbols_of
from spatialcore.core.matrix import is_sparse, open_matrix
from spatialcore.core.normalization import check_normalization_status
from spatialcore.errors import GeneOverlapError, InputError, NormalizationError

Indices = npt.NDArray[np.intp]
ROWS = 50_000
BLOCK_VALUES = 4_000_000
SAMPLE = 1_000
STRAYS = 0.05
_STATES = {
    "linear": "linear (scaled, without a logarithm)",
    "log1p_cpm": "log1p_cpm (a logarithm of counts per million)",
    "log1p_other": "log1p_other (a logarithm on another scale)",
    "negative": "negative (z-scored or batch-corrected)",
    "unknown": "unknown (empty, or not finite)",
}


@dataclass(frozen=True)
class GeneMatch:
    """Which features of the query stand for which genes of the model.

    Parameters
    ----------
    model
        Positions of the shared genes in the model.
    columns
        Positions of the query's features that are read, ascending.
    fold
        Features read x shared genes, ones where a feature is added to a gene; ``None`` where each is one gene in
        order.
    n_features
        Features of the query that are genes (controls apart).
    """

    model: Indices
    columns: Indices
    fold: sparse.csr_matrix | None
    n_features: int

    @property
    def complete(self) -> bool:
        """Whether every gene of the query is read, one feature each."""
        return self.fold is None and len(self.columns) == self.n_features


@dataclass(frozen=True)
class Expression:
    """A matrix of the query and how to read it.

    Parameters
    ----------
    matrix
        Cells x features: numpy, scipy, backed h5ad, zarr or dask.
    kind
        "counts"; "recoverable" where the counts come back from the normalised values; "log1p" for log1p(10k).
    source
        Where it was found: "layers/counts", "raw.X", "X".
    """

    matrix: Any
    kind: str
    source: str
    genes: GeneMatch

    @property
    def n_obs(self) -> int:
        """Number of cells."""
        return int(self.matrix.shape[0])

    def stored(self, first: int, last: int) -> sparse.csr_matrix:
        """Return the stored values of the features that are read, for a run of cells."""
        return read_rows(self.matrix, first, last, self.genes.columns)

    def counts(self, rows: Indices) -> sparse.csr_matrix:
        """Return counts of the shared genes for the given cells: raw, recovered, or pseudo-counts."""
        stored = read_some(self.matrix, rows, self.genes.columns)
        return pick(stored if self.kind == "counts" else recover_counts(stored)[0], self.genes.fold)

    def spans(self, rows: int | None = None) -> Iterator[tuple[int, int]]:
        """Cut the cells into runs small enough to hold."""
        step = rows or max(1_000, min(ROWS, BLOCK_VALUES // max(1, len(self.genes.columns)) * 4))
        return ((first, min(first + step, self.n_obs)) for first in range(0, self.n_obs, step))


def pick(block: sparse.csr_matrix, fold: sparse.csr_matrix | None) -> sparse.csr_matrix:
    """Add up features of one gene and bring genes into the model's order."""
    return block if fold is None else sparse.csr_matrix(block @ fold)


def read_rows(matrix: Any, first: int, last: int, columns: Indices) -> sparse.csr_matrix:
    """Return a run of rows and the given columns of any matrix as CSR."""
    if is_dask(matrix):
        matrix = matrix[first:last].compute()
        first, last = 0, last - first
    everything = len(columns) == matrix.shape[1]
    if is_sparse(matrix) and matrix.format == "csr":
        block = view_rows(matrix, first, last)
        return block if everything else block[:, columns]
    if isinstance(matrix, np.ndarray):
        return sparse.csr_matrix(matrix[first:last] if everything else matrix[first:last][:, columns])
    return open_matrix(matrix).take(np.arange(first, last), None if everything else columns)


def view_rows(matrix: Any, first: int, last: int) -> sparse.csr_matrix:
    """Return a run of rows of a CSR matrix that shares its values with it."""
    begin, end = int(matrix.indptr[first]), int(matrix.indptr[last])
    pointers = matrix.indptr[first : last + 1] - matrix.indptr[first]
    return rows_of(matrix.data[begin:end], matrix.indices[begin:end], pointers, matrix.shape[1])


def read_some(matrix: Any, rows: Indices, columns: Indices) -> sparse.csr_matrix:
    """Return the given rows, ascending, and columns of any matrix as CSR."""
    if is_dask(matrix):
        return sparse.csr_matrix(matrix[rows].compute())[:, columns]
    return sparse.csr_matrix(open_matrix(matrix).take(rows, columns))


def is_dask(matrix: Any) -> bool:
    """Say whether a matrix is a dask array, without importing dask."""
    return type(matrix).__module__.startswith("dask.")


def open_query(adata: AnnData, genes: Sequence[str], *, min_gene_overlap_pct: float = 0.0) -> Expression:
    """Find expression that a model can read.

    Raw counts come first, wherever they are; then normalised values from which the counts come back; then log1p(10k).

    Raises
    ------
    GeneOverlapError
        The query shares no gene with the model, or fewer than `min_gene_overlap_pct` per cent of the model's.
    NormalizationError
        Neither raw counts nor log1p(10k) are found.
    """
    matrix, kind, source = locate(adata)
    frame = adata.raw.var if source == "raw.X" else adata.var
    match = match_features(genes, [str(name) for name in frame.index], frame)
    _check_overlap(match, genes, list(frame.index), min_gene_overlap_pct)
    return Expression(matrix, kind, source, match)


def locate(adata: AnnData) -> tuple[Any, str, str]:
    """Return the matrix to read, what it holds, and its place."""
    status = check_normalization_status(_sample(adata))
    source = status["raw_source"]
    if source is not None:
        layer = source.removeprefix("layers/")
        found = adata.layers[layer] if layer != source else (adata.raw.X if source == "raw.X" else adata.X)
        return found, "counts", source
    if status["x_state"] == "log1p_10k":
        return adata.X, "log1p", "X"
    if status["x_state"] == "log1p_other" and _recoverable(_sample(adata).X):
        return adata.X, "recoverable", "X"
    seen = _STATES.get(status["x_state"], status["x_state"])
    raise NormalizationError(
        f"Cannot prepare data for CellTypist: no raw counts found, and X is {seen}, not log1p(10k)",
        hint='provide raw counts in X, layers["counts"] or raw.X, or log1p(10k) in X',
    )


def require_readable(adata: AnnData) -> None:
    """Refuse a query that no model could read, before anything long is done for it.

    Raises
    ------
    InputError
        There are no cells.
    NormalizationError
        Neither raw counts nor log1p(10k) are found, or values in memory are negative, infinite or NaN.
    """
    if adata.n_obs == 0:
        raise InputError("the query holds no cell", hint="pass data with cells; was everything filtered out?")
    try:
        matrix, _, source = locate(adata)
    except NormalizationError:
        _require_expression_in_memory(adata.X, "X", most=STRAYS)  # a few stray values are told as such
        raise
    _require_expression_in_memory(matrix, source)


def _require_expression_in_memory(matrix: Any, source: str, most: float = 1.0) -> None:
    if is_sparse(matrix) or isinstance(matrix, np.ndarray):
        require_expression(matrix.data if is_sparse(matrix) else matrix, f"{source} of the query", most)


def require_expression(values: Any, source: str, most: float = 1.0) -> None:
    """Refuse values that are no expression: negative, infinite or NaN.

    Parameters
    ----------
    values
        The stored values of a matrix.
    source
        Where they are, for the error.
    most
        Where a larger share of the values is so, nothing is said: then they are of another kind altogether.

    Raises
    ------
    NormalizationError
        Saying which, and how many.
    """
    if values.size == 0 or (values.min() >= 0 and np.isfinite(values.max())):  # a NaN makes both comparisons false
        return
    bad = {"NaN": np.isnan(values), "infinite": np.isinf(values), "negative": values < 0}
    counts = {kind: int(found.sum()) for kind, found in bad.items() if found.any()}
    if sum(counts.values()) > most * values.size:
        return
    seen = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    raise NormalizationError(
        f"{source} holds values that are no expression: {seen} of {values.size:,}",
        hint="pass raw counts as the instrument wrote them, or drop the cells and genes with such values",
    )


def _recoverable(X: Any) -> bool:
    return recover_counts(X)[1] == "recovered"


def _sample(adata: AnnData) -> AnnData:
    """Return an AnnData whose state can be looked at: itself, or random rows of one made of dask arrays."""
    parts = {"X": adata.X, **dict(adata.layers.items())}
    if not any(is_dask(part) for part in parts.values()):
        return adata
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(adata.n_obs, min(SAMPLE, adata.n_obs), replace=False))
    drawn = {name: _computed(part[rows]) for name, part in parts.items() if part is not None}
    return AnnData(drawn.pop("X", None), var=adata.var[[]].copy(), layers=drawn)


def _computed(part: Any) -> Any:
    return part.compute() if is_dask(part) else part


def match_features(genes: Sequence[str], names: list[str], var: Any) -> GeneMatch:
    """Find the model's genes among the query's features: by symbol, else by Ensembl id and alias."""
    wanted = [str(gene) for gene in genes]
    if len(set(names)) == len(names) and set(wanted) <= set(names):
        place = {name: index for index, name in enumerate(names)}
        positions = [np.array([place[gene]]) for gene in wanted]
        symbols = names
    else:
        symbols = symbols_of(names, var)
        positions = [np.asarray(found) for found in shared_positions(wanted, symbols, ids_of(names, var))]
    n_features = len({symbol for symbol in symbols if not is_control(symbol)})
    model = np.array([i for i, found in enumerate(positions) if len(found)], dtype=np.intp)
    return _match(model, [positions[i] for i in model], n_features)


def _match(model: Indices, positions: list[Any], n_features: int) -> GeneMatch:
    if not len(model):
        return GeneMatch(model, model.copy(), None, n_features)
    features = np.concatenate(positions).astype(np.intp)
    owner = np.repeat(np.arange(len(model)), [len(found) for found in positions])
    columns, place = np.unique(features, return_inverse=True)
    if len(features) == len(model) and np.array_equal(place, owner):
        return GeneMatch(model, columns, None, n_features)
    fold = sparse.csr_matrix((np.ones(len(features)), (place, owner)), shape=(len(columns), len(model)))
    return GeneMatch(model, columns, fold, n_features)


def _check_overlap(match: GeneMatch, genes: Sequence[str], names: list[Any], least: float) -> None:
    found, share = len(match.model), 100 * len(match.model) / max(1, len(genes))
    if found == 0:
        raise GeneOverlapError(
            f"No shared genes found: the model reads {', '.join(map(str, genes[:5]))} ..., the query has "
            f"{', '.join(map(str, names[:5]))} ...",
            hint="name the query's genes by symbol or human/mouse Ensembl id, or use a model for this panel",
        )
    if share < least:
        raise GeneOverlapError(
            f"the query has {found} of the model's {len(genes)} genes ({share:.1f} %), wanted at least {least:g} %",
            hint="train a model on this panel, or lower min_gene_overlap_pct",
        )
