"""Cells x genes from files of any size, and expression on one scale."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore.annotation.sampling import draw_stratified, stratified_sizes
from spatialcore.columns import COUNTS
from spatialcore.core.anndata_file import AnnDataFile
from spatialcore.core.counts import CountsKind, check_non_negative, recover_counts
from spatialcore.core.gene_sums import sum_duplicates
from spatialcore.core.genes import ids_of, is_control, shared_positions, symbols_of
from spatialcore.core.logging import get_logger
from spatialcore.core.matrix import Ints, open_matrix
from spatialcore.core.normalization import (
    TARGET_SUM,
    Status,
    check_normalization_status,
    log1p_normalize,
)
from spatialcore.errors import GeneOverlapError, InputError, NormalizationError

log = get_logger(__name__)

_WHY = {
    "log1p_cpm": "X is log1p of counts per million, another scale",
    "log1p_other": "X is log-transformed on an unknown scale",
    "linear": "X is neither counts nor a logarithm",
    "negative": "X holds negative values: scaled, batch-corrected or an embedding",
    "unknown": "the state of X cannot be told",
}


def ensure_normalized(
    adata: AnnData, target_sum: float = TARGET_SUM, unsafe_force: bool = False, copy: bool = False
) -> AnnData:
    """Bring X to log1p(10,000 per cell), from raw counts wherever they are.

    Raw counts in layers counts, raw_counts or raw, in raw.X or in X are normalised, whatever X looks like. Without
    any, X must be log1p(10,000) already and is left as it is; everything else is an error.

    Parameters
    ----------
    adata
        In memory. Changed in place unless ``copy``. Counts that were in X only are kept in ``layers["counts"]``.
    target_sum
        Total per cell before the logarithm, over the genes of ``adata``.
    unsafe_force
        Normalise X as if it held counts although nothing says so. For data whose state you checked yourself.
    copy
        Return a changed copy.

    Returns
    -------
    AnnData
        X is CSR float32; a cell without counts stays at zero.

    Raises
    ------
    NormalizationError
        No raw counts were found and X is not log1p(10,000).

    Examples
    --------
    >>> import anndata, numpy as np
    >>> adata = ensure_normalized(anndata.AnnData(np.array([[1.0, 3.0], [0.0, 0.0]], dtype="float32")))
    >>> np.expm1(adata.X.toarray()).round().tolist(), adata.layers["counts"].toarray().tolist()
    ([[2500.0, 7500.0], [0.0, 0.0]], [[1.0, 3.0], [0.0, 0.0]])
    """
    if target_sum <= 0:
        raise InputError(
            f"target_sum is {target_sum}, wanted a positive number", hint="10000 is what CellTypist expects"
        )
    if adata.isbacked:
        raise InputError(
            "the AnnData is backed by its file and cannot be normalised in place",
            hint="adata.to_memory(), or load_adata_backed(path, target_genes=...) to read part of it",
        )
    out = adata.copy() if copy else adata
    status = check_normalization_status(out)
    source = status["raw_source"]
    if source is None and status["x_state"] == "log1p_10k" and target_sum == TARGET_SUM:
        return out
    if source is None and not unsafe_force:
        raise not_normalizable(status)
    if source is None:
        _warn_forced(status)
    counts = _matrix_of(out, source or "X")
    if source is None:
        counts.data = np.clip(np.nan_to_num(counts.data), 0, None)
    check_non_negative(counts)
    if source == "X":
        out.layers[COUNTS] = counts
    out.X = log1p_normalize(counts, target_sum)
    out.uns["log1p"] = {}
    log.info("X was normalised to log1p(%g) from %s", target_sum, source or "unverified X")
    return out


def not_normalizable(status: Status, name: str = "") -> NormalizationError:
    """Return the error for data without counts whose X is not log1p(10,000)."""
    where = f" of {name}" if name else ""
    stats = status["stats"]
    return NormalizationError(
        f"Cannot safely normalize data{where}: no raw counts found and X is not verified log1p_10k. "
        f"{_WHY.get(status['x_state'], status['x_state'])} (state {status['x_state']}, sampled values "
        f"{stats['min']:.3g} to {stats['max']:.3g}, total once the logarithm is undone {status['x_target_sum']})",
        hint='provide raw counts in adata.layers["counts"], or use unsafe_force=True when you know that X can be used',
    )


def _warn_forced(status: Status) -> None:
    log.warning(
        "=== UNSAFE: normalising data whose state is not verified (unsafe_force=True) ===\n"
        "X is %s and there are no raw counts: %s. If it is log-transformed already, on another scale, z-scored or an "
        "embedding, every result below is wrong.",
        status["x_state"],
        _WHY.get(status["x_state"], ""),
    )


def _matrix_of(adata: AnnData, source: str) -> sp.csr_matrix:
    rows = np.arange(adata.n_obs)
    if source.startswith("layers/"):
        return open_matrix(adata.layers[source.removeprefix("layers/")]).take(rows)
    if source == "X":
        return open_matrix(adata.X).take(rows)
    columns = adata.raw.var_names.get_indexer(adata.var_names) if adata.raw.var_names.is_unique else None
    if columns is None or (columns < 0).any():
        raise InputError(
            "raw.X cannot be aligned with X: its var_names repeat, or lack genes of X",
            hint='put the counts of the genes of X into adata.layers["counts"]',
        )
    return open_matrix(adata.raw.X).take(rows, columns)


def load_adata_backed(
    path: str | Path,
    label_column: str | None = None,
    max_cells: int | None = None,
    target_genes: Sequence[str] | None = None,
    random_state: int = 42,
    *,
    min_cells_per_type: int = 10,
) -> AnnData:
    """Read some cells and some genes of an h5ad file or zarr store; memory grows with what is kept, not with the file.

    Parameters
    ----------
    path
        ``.h5ad`` or ``.zarr``; X and layers dense, CSR or CSC.
    label_column
        Draw in proportion to this obs column, no type falling below ``min_cells_per_type``; cells without a label
        are left out. None draws all cells alike.
    max_cells
        Most cells to read; None for all.
    target_genes
        Symbols to keep, in this order; those that the file lacks are left out. None for all.
    random_state
        Seed of the draw.
    min_cells_per_type
        The least that is drawn of a type, as far as it has the cells.

    Returns
    -------
    AnnData
        X as stored, CSR float32, with all columns of obs and symbols as var_names. Raw counts that lie elsewhere than
        in X are in ``layers["counts"]``.

    Raises
    ------
    FileMissingError, InputError, LabelColumnError, GeneOverlapError
        The file is missing or damaged, or lacks the column or every gene.
    """
    if max_cells is not None and max_cells < 1:
        raise InputError(f"max_cells is {max_cells}, wanted 1 or more", hint="None reads all cells")
    with AnnDataFile(path) as file:
        rows = _draw_rows(file, label_column, max_cells, min_cells_per_type, random_state)
        status = file.status(random_state)
        obs = file.obs(rows)
        source = status["raw_source"]
        features = Features.of(file, "X")
        genes, positions = features.select(target_genes, file.path.name)
        x = _read(file, "X", rows, positions)
        adata = AnnData(fold(x, positions), obs, pd.DataFrame(index=pd.Index(genes)))
        if source not in (None, "X"):
            _, at = Features.of(file, str(source)).select(genes, file.path.name, complete=True)
            adata.layers[COUNTS] = fold(_read(file, str(source), rows, at), at)
    return adata


def _draw_rows(file: AnnDataFile, column: str | None, max_cells: int | None, floor: int, seed: int) -> Ints:
    rng = np.random.default_rng(seed)
    if column is None:
        if max_cells is None or max_cells >= file.n_obs:
            return np.arange(file.n_obs)
        return np.sort(rng.choice(file.n_obs, max_cells, replace=False))
    labels = file.labels(column)
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.categories))
    return draw_stratified(labels, stratified_sizes(counts, max_cells or file.n_obs, floor), rng)


class Features(NamedTuple):
    """The features of a matrix: symbol and Ensembl id ('' where unknown) of each."""

    symbols: list[str]
    ids: list[str]

    @classmethod
    def of(cls, file: AnnDataFile, source: str) -> "Features":
        """Read the features that belong to a matrix of the file."""
        var = file.var_of(source)
        names = [str(name) for name in var.index]
        return cls(symbols_of(names, var), ids_of(names, var))

    def select(
        self, wanted: Sequence[str] | None, name: str, *, complete: bool = False
    ) -> tuple[list[str], list[Ints]]:
        """Return the wanted genes that are there, and the positions of each; controls are no genes.

        Raises
        ------
        GeneOverlapError
            None is there, or (``complete``) one is not.
        """
        asked = list(dict.fromkeys(self.symbols if wanted is None else wanted))
        asked = [gene for gene in asked if wanted is not None or not is_control(gene)]
        positions = self.positions(asked)
        found = [(gene, at) for gene, at in zip(asked, positions, strict=True) if len(at)]
        if not found or (complete and len(found) < len(asked)):
            raise no_shared_genes(name, self.symbols, asked)
        return [gene for gene, _ in found], [at for _, at in found]

    def positions(self, wanted: Sequence[str]) -> list[Ints]:
        """Return the positions of the features of each wanted gene, empty where there is none."""
        return shared_positions(wanted, self.symbols, self.ids)

    def missing(self, wanted: Sequence[str]) -> list[str]:
        """Return the wanted genes that are not there."""
        return [gene for gene, at in zip(wanted, self.positions(wanted), strict=True) if len(at) == 0]


def no_shared_genes(name: str, there: Sequence[str], wanted: Sequence[str]) -> GeneOverlapError:
    """Return the error that shows both sides' names."""
    return GeneOverlapError(
        f"No shared genes found between {name} ({', '.join(there[:5])} ...) and the wanted genes "
        f"({', '.join(list(wanted)[:5])} ...)",
        hint="check Ensembl ids against symbols, and the species; a var column feature_name or gene_symbols is used",
    )


def _read(file: AnnDataFile, source: str, rows: Ints, positions: list[Ints]) -> sp.csr_matrix:
    return file.matrix(source).take(rows, np.concatenate(positions))


def fold(values: sp.csr_matrix, positions: list[Ints]) -> sp.csr_matrix:
    """Add up the columns that measure one gene; ``values`` holds them gene by gene."""
    owners = np.repeat(np.arange(len(positions)), [len(at) for at in positions])
    return sum_duplicates(values, [str(owner) for owner in owners])[0]


def read_counts(
    file: AnnDataFile, status: Status, rows: Ints, positions: list[Ints], *, unsafe_force: bool = False
) -> tuple[sp.csr_matrix, CountsKind]:
    """Read the counts of drawn cells and wanted genes; get them back from normalised values where there are none.

    Parameters
    ----------
    file
        The open reference.
    status
        What `AnnDataFile.status` said.
    rows
        Drawn cells, ascending.
    positions
        Per gene, its features in the matrix that is read (raw_source, else X).
    unsafe_force
        Accept pseudo-counts from a matrix whose scale is not verified.

    Returns
    -------
    tuple
        cells x genes CSR float32, and raw, recovered or pseudo.

    Raises
    ------
    NormalizationError
        There are no counts, none can be recovered, and X is not log1p(10,000).
    """
    source = status["raw_source"]
    if source is None and status["x_state"] == "negative":
        raise not_normalizable(status, file.path.name)
    matrix = file.matrix(source or "X")
    values = matrix.take(rows, np.concatenate(positions))
    check_non_negative(values)
    if source is not None:
        return fold(values, positions), "raw"
    counts, kind = recover_counts(values, smallest=matrix.row_floor(rows))
    if kind == "pseudo" and status["x_state"] != "log1p_10k":
        if not unsafe_force:
            raise not_normalizable(status, file.path.name)
        _warn_forced(status)
    return fold(counts, positions), kind
