"""Read a query in blocks of cells, restricted to the genes of a model, from memory, disk or dask."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spatialcore.annotation.expression.cell_order import by_content
from spatialcore.annotation.expression.data import is_dask, var_of
from spatialcore.annotation.expression.errors import no_shared_genes
from spatialcore.annotation.expression.find import find_counts
from spatialcore.annotation.gene_overlap import MIN_GENES, is_enough, shared_pct
from spatialcore.core.blocks import as_csr
from spatialcore.core.compressed import view_rows
from spatialcore.core.counts import recover_counts
from spatialcore.core.genes.features import gene_names
from spatialcore.core.genes.symbols import shared_positions
from spatialcore.core.matrix import is_on_disk, is_sparse, open_matrix
from spatialcore.core.sampling import draw_named
from spatialcore.core.types import MatrixLike
from spatialcore.errors import GeneOverlapError

Indices = npt.NDArray[np.intp]
ROWS, MIN_ROWS = 50_000, 3_000  # of few cells, each class would read its tables for a handful
BLOCK_VALUES = 4_000_000


@dataclass(frozen=True)
class GeneMatch:
    """Assignment of the features of a query to the genes of a model.

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
    """A matrix of the query, restricted to the genes of a model.

    Parameters
    ----------
    matrix
        Cells x features: numpy, scipy, backed h5ad, zarr or dask.
    kind
        "counts"; "recoverable" if counts can be recovered from normalized values; "log1p" for log1p(10k).
    source
        Name of the matrix: "layers/counts", "raw.X", "X".
    names
        Names of the cells, by which a sample is drawn.
    """

    matrix: MatrixLike
    kind: str
    source: str
    genes: GeneMatch
    names: pd.Index

    @property
    def n_obs(self) -> int:
        """Number of cells."""
        return int(self.matrix.shape[0])

    def stored(self, first: int, last: int) -> sparse.csr_matrix:
        """Return the stored values of the features that are read, for consecutive cells."""
        return read_rows(self.matrix, first, last, self.genes.columns)

    def counts(self, rows: Indices) -> sparse.csr_matrix:
        """Return counts of the shared genes for the given cells: raw, recovered, or pseudo-counts."""
        return self.as_counts(self.stored_rows(rows))

    def sample(self, most: int, random_state: int) -> sparse.csr_matrix:
        """Return counts of all cells or of `most` random ones, the same for every order of the cells of the query.

        Cells are drawn by their names and sorted by their counts.
        """
        counts = self.counts(draw_named(self.names, most, random_state))
        return counts[by_content(counts)]

    def stored_rows(self, rows: Indices) -> sparse.csr_matrix:
        """Return the stored values of the features that are read, for the given cells, ascending."""
        return read_some(self.matrix, rows, self.genes.columns)

    def as_counts(self, stored: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return counts of the shared genes for stored values: raw, recovered, or pseudo-counts."""
        return pick(stored if self.kind == "counts" else recover_counts(stored)[0], self.genes.fold)

    def spans(self, rows: int | None = None) -> Iterator[tuple[int, int]]:
        """Yield first and last (exclusive) row of blocks of cells."""
        step = rows or max(MIN_ROWS, min(ROWS, BLOCK_VALUES // max(1, len(self.genes.columns)) * 4))
        return ((first, min(first + step, self.n_obs)) for first in range(0, self.n_obs, step))


def pick(block: sparse.csr_matrix, fold: sparse.csr_matrix | None) -> sparse.csr_matrix:
    """Add up features of one gene and sort the genes as in the model."""
    return block if fold is None else sparse.csr_matrix(block @ fold)


def read_rows(matrix: MatrixLike, first: int, last: int, columns: Indices) -> sparse.csr_matrix:
    """Return consecutive rows and the given columns of any matrix as CSR."""
    if is_dask(matrix):
        matrix = matrix[first:last].compute()
        first, last = 0, last - first
    all_columns = len(columns) == matrix.shape[1]
    if is_sparse(matrix) and matrix.format == "csr":
        block = as_csr(view_rows(matrix, first, last))
        return block if all_columns else block[:, columns]
    if isinstance(matrix, np.ndarray):
        return as_csr(matrix[first:last] if all_columns else matrix[first:last][:, columns])
    return open_matrix(matrix).take(np.arange(first, last), None if all_columns else columns)


def read_some(matrix: MatrixLike, rows: Indices, columns: Indices) -> sparse.csr_matrix:
    """Return the given rows, ascending, and columns of any matrix as CSR."""
    if is_dask(matrix):
        return as_csr(matrix[rows].compute())[:, columns]
    return sparse.csr_matrix(open_matrix(matrix).take(rows, columns))


def open_query(adata: AnnData, genes: Sequence[str], *, min_gene_overlap_pct: float = 0.0) -> Expression:
    """Open the matrix of a query that a model can read.

    Raw counts in the layers counts, raw_counts or raw, in raw.X or in X come first; then normalized values from which
    counts can be recovered; then log1p(10k).

    Raises
    ------
    GeneOverlapError
        The query shares no gene with the model, or fewer than `min_gene_overlap_pct` per cent of the model's.
    NormalizationError
        The query has neither raw counts nor log1p(10k).
    """
    matrix, kind, source = find_counts(adata)
    matrix = open_matrix(matrix) if is_on_disk(matrix) else matrix  # reads the row pointers once
    frame = var_of(adata, source)
    match = match_features(genes, [str(name) for name in frame.index], frame)
    _check_overlap(match, genes, list(frame.index), min_gene_overlap_pct)
    return Expression(matrix, kind, source, match, adata.obs_names)


def match_features(genes: Sequence[str], names: list[str], var: pd.DataFrame) -> GeneMatch:
    """Find the model's genes among the query's features: by symbol, else by Ensembl id and alias."""
    requested = [str(gene) for gene in genes]
    symbols, ids = gene_names(var, names)
    if len(set(names)) == len(names) and symbols == names and set(requested) <= set(names):
        position_of = {name: index for index, name in enumerate(names)}
        positions = [np.array([position_of[gene]]) for gene in requested]
    else:
        positions = [np.asarray(features) for features in shared_positions(requested, symbols, ids)]
    n_features = len(set(symbols) - {""})
    model = np.array([i for i, features in enumerate(positions) if len(features)], dtype=np.intp)
    return _match(model, [positions[i] for i in model], n_features)


def _match(model: Indices, positions: list[Any], n_features: int) -> GeneMatch:
    if not len(model):
        return GeneMatch(model, model.copy(), None, n_features)
    features = np.concatenate(positions).astype(np.intp)
    model_gene = np.repeat(np.arange(len(model)), [len(part) for part in positions])
    columns, column = np.unique(features, return_inverse=True)
    if len(features) == len(model) and np.array_equal(column, model_gene):
        return GeneMatch(model, columns, None, n_features)
    fold = sparse.csr_matrix((np.ones(len(features)), (column, model_gene)), shape=(len(columns), len(model)))
    return GeneMatch(model, columns, fold, n_features)


def _check_overlap(match: GeneMatch, genes: Sequence[str], names: list[Any], min_pct: float) -> None:
    n_shared = len(match.model)
    if n_shared == 0:
        raise no_shared_genes("the query", names, "the model", genes)
    if min_pct > 0 and not is_enough(n_shared, len(genes), match.n_features, min_pct):
        share = shared_pct(n_shared, len(genes), match.n_features)
        raise GeneOverlapError(
            f"the query has {n_shared} of the model's {len(genes)} genes ({share:.1f} % of the smaller set), "
            f"expected at least {min_pct:g} % and {MIN_GENES} genes",
            hint="train a model on this panel, or lower min_gene_overlap_pct",
        )
