"""Counts and the table of cells made one AnnData: features with names of their own, each cell once, in one order."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.utils import make_index_unique
from scipy.sparse import csr_matrix

from spatialcore.columns import SPATIAL
from spatialcore.core.genes.features import of_gene_type
from spatialcore.core.logging import get_logger
from spatialcore.errors import InputError
from spatialcore.io.identifiers import as_identifiers, match_by_value, plain_numbers

logger = get_logger(__name__)


def assemble(counts: csr_matrix, cells: Iterable[str], var: pd.DataFrame) -> AnnData:
    """Make an AnnData of counts, cell identifiers and features.

    A line that repeats a cell is left out where it is empty or the same; the names of features are made unique, those
    of genes first, so that a protein never takes a gene's name.

    Raises
    ------
    InputError
        Two lines of one cell differ, or identifiers lost digits.
    """
    names = pd.Index(as_identifiers(cells, "the matrix"))
    if names.has_duplicates:
        kept = _without_repeats(counts, names)
        counts, names = counts[kept], names[kept]
    var.index = _unique_features(var)
    return AnnData(X=counts.astype(np.float32), obs=pd.DataFrame(index=names), var=var)


def _without_repeats(counts: csr_matrix, names: pd.Index) -> np.ndarray:
    """Return the line of each cell, in order: of repeated ones the one that holds counts, or the first of equals."""
    totals = np.asarray(counts.sum(axis=1)).ravel()
    codes, _ = pd.factorize(names)
    order = np.lexsort((np.arange(len(names)), -totals, codes))
    best = order[np.concatenate([[True], np.diff(codes[order]) != 0])]
    others = np.setdiff1d(np.arange(len(names)), best)
    filled = others[totals[others] > 0]
    differing = [i for i in filled if (counts[i] != counts[best[codes[i]]]).nnz]
    if differing:
        double = names[differing].unique()
        raise InputError(
            f"{len(double)} cells have several lines with different counts: {', '.join(double[:5])}",
            hint="several slides in one table? split it, or add a column 'cell' that is unique",
        )
    logger.warning(
        "%d lines repeat a cell, empty or with the same counts, and are left out: %s ...",
        len(others),
        ", ".join(names[others].unique()[:5]),
    )
    return np.sort(best)


def _unique_features(var: pd.DataFrame) -> pd.Index:
    genes = of_gene_type(var)
    order = np.concatenate([np.flatnonzero(genes), np.flatnonzero(~genes)])
    unique = np.empty(len(var), dtype=object)
    unique[order] = make_index_unique(pd.Index(var.index[order].astype(str), dtype=object)).to_numpy()
    return pd.Index(unique, dtype=object)


def attach_cells(adata: AnnData, table: pd.DataFrame, *, xy: tuple[str, str], scale: float = 1.0) -> None:
    """Add a metadata table (index: cell identifiers as text) to the cells of the matrix, in the matrix's order.

    Where the index names no cell of the matrix, the column that does is used, and told.

    Parameters
    ----------
    xy
        The columns that hold the coordinates; they go to ``obsm["spatial"]`` and not to ``obs``.
    scale
        What the coordinates are multiplied with.

    Raises
    ------
    InputError
        The table names a cell twice, or none of the matrix.
    """
    table = _each_cell_once(table)
    if not adata.obs_names.isin(table.index).any():
        table = _each_cell_once(_by_another_column(adata.obs_names, table))
    shared = adata.obs_names.isin(table.index)
    if not shared.all():
        logger.warning("%d cells of the matrix have no metadata: their coordinates are missing", (~shared).sum())
    if extra := len(table) - int(shared.sum()):
        logger.warning("%d cells of the metadata have no line in the matrix and are left out", extra)
    table = table.reindex(adata.obs_names)
    adata.obsm[SPATIAL] = table[list(xy)].to_numpy(dtype=float) * scale
    adata.obs = table.drop(columns=list(xy))


def _each_cell_once(table: pd.DataFrame) -> pd.DataFrame:
    if not table.index.has_duplicates:
        return table
    cells = table.index
    filled = table.notna().sum(axis=1).to_numpy()
    order = np.lexsort((np.arange(len(table)), -filled))  # the fullest line of each cell first
    best = table.iloc[order]
    best = best[~best.index.duplicated()]
    kept = best.loc[cells]  # beside each line, the one that is kept
    differs = table.notna().to_numpy() & ~_equal(table, kept)
    if differs.any():
        double = cells[differs.any(axis=1)].unique()
        raise InputError(
            f"the table of cells has {len(double)} cells twice with different values: {', '.join(double[:5])}",
            hint="one line per cell is wanted; are there several slides in one table?",
        )
    logger.warning("%d lines of the table of cells repeat a cell and are left out", len(table) - len(best))
    return best.loc[cells[~cells.duplicated()]]


def _equal(one: pd.DataFrame, other: pd.DataFrame) -> np.ndarray:
    columns = [one[name].astype(str).to_numpy() == other[name].astype(str).to_numpy() for name in one.columns]
    return np.column_stack(columns) if columns else np.ones((len(one), 0), dtype=bool)


def _by_another_column(cells: pd.Index, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table indexed by what names the matrix's cells: another column, or the same numbers with zeros."""
    found = match_by_value(cells, table)
    if found is not None:
        logger.warning("the cells of the matrix are named by the column %r of the table of cells", found[0])
        return table.set_axis(pd.Index(found[1]), axis=0)
    plain, own = plain_numbers(cells), plain_numbers(table.index)
    if plain is not None and own is not None and plain.isin(own).any():
        logger.warning("the identifiers of matrix and table of cells differ in leading zeros: matched as numbers")
        name_of = dict(zip(plain, cells, strict=True))
        return table.set_axis(pd.Index([name_of.get(name, name) for name in own]), axis=0)
    raise InputError(
        f"no cell of the matrix ({', '.join(cells[:3])}) is in the table of cells ({', '.join(table.index[:3])})",
        hint="are both files of the same sample and the same segmentation?",
    )
