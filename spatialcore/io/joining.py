"""Join counts and a table of cells into an AnnData with unique features and unique cells."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.utils import make_index_unique
from scipy.sparse import csr_matrix

from spatialcore.columns import SPATIAL
from spatialcore.core.genes.features import of_gene_type
from spatialcore.core.genes.names import is_ensembl
from spatialcore.core.genes.tables import known_names
from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import list_names, number_of
from spatialcore.core.types import Floats
from spatialcore.errors import InputError
from spatialcore.io.identifiers import as_identifiers, match_by_value, plain_numbers

logger = get_logger(__name__)

EXAMINED = 2000
MIN_SYMBOL_LENGTH = 3  # of those that cannot be mistaken for cell names


def assemble(counts: csr_matrix, cells: Iterable[str], var: pd.DataFrame) -> AnnData:
    """Create an AnnData from counts, cell identifiers and features.

    Repeated lines of a cell are dropped if they are empty or equal. Feature names are made unique, genes first: a
    protein with the name of a gene gets the suffix.

    Raises
    ------
    InputError
        Two lines of one cell differ, identifiers lost digits, or the lines are genes.
    """
    names = pd.Index(as_identifiers(cells, "the matrix"))
    _refuse_genes(names)
    if names.has_duplicates:
        rows = _without_repeats(counts, names)
        counts, names = counts[rows], names[rows]
    var.index = _unique_features(var)
    return AnnData(X=counts.astype(np.float32), obs=pd.DataFrame(index=names), var=var)


def _refuse_genes(cells: pd.Index) -> None:
    """Raise if the lines of the matrix are genes: the table has genes x cells."""
    symbols = known_names()
    n_genes = sum(len(name) >= MIN_SYMBOL_LENGTH and (name in symbols or is_ensembl(name)) for name in cells[:EXAMINED])
    if n_genes > 0.5 * len(cells[:EXAMINED]):
        raise InputError(
            f"the lines of the matrix are genes ({', '.join(cells[:3])}), expected cells",
            hint="transpose the table: one line per cell, one column per gene",
        )


def _without_repeats(counts: csr_matrix, names: pd.Index) -> np.ndarray:
    """Return one row per cell, in order: of repeated rows the one with counts, or the first of equal rows."""
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
            f"cells with several lines of different counts: {list_names(double, 5)}",
            hint="the table may have several slides: split it, or add a column 'cell' with unique names",
        )
    logger.warning(
        "dropped %d lines that repeat a cell, empty or with equal counts: %s ...",
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
    """Add a metadata table (index: cell identifiers as text) to the cells, in the order of the matrix.

    If the index contains none of the cells, a column that contains them is used, and this is logged.

    Parameters
    ----------
    xy
        The columns that hold the coordinates; they go to ``obsm["spatial"]`` and not to ``obs``.
    scale
        Factor of the coordinates.

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
        logger.warning(
            "no metadata for %s of the matrix: their coordinates are missing", number_of((~shared).sum(), "cell")
        )
    if extra := len(table) - int(shared.sum()):
        logger.warning("dropped %s of the metadata not in the matrix", number_of(extra, "cell"))
    table = table.reindex(adata.obs_names)
    adata.obsm[SPATIAL] = _coordinates(table, xy) * scale
    adata.obs = table.drop(columns=list(xy))


def _coordinates(table: pd.DataFrame, xy: tuple[str, str]) -> Floats:
    """Return two columns as numbers, cells x 2, missing ones as NaN."""
    numbers = table[list(xy)].apply(pd.to_numeric, errors="coerce")
    for column in xy:
        texts = table[column][table[column].notna() & numbers[column].isna()].astype(str).str.strip()
        texts = texts[~texts.str.lower().isin(["", "nan", "na", "none", "null", "<na>"])]
        if len(texts):
            raise InputError(
                f"column {column!r} of the table of cells has coordinates that are not numbers: {texts.iloc[0]!r}",
                hint="write plain numbers, without units",
            )
    coordinates: Floats = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return coordinates


def _each_cell_once(table: pd.DataFrame) -> pd.DataFrame:
    if not table.index.has_duplicates:
        return table
    cells = table.index
    filled = table.notna().sum(axis=1).to_numpy()
    order = np.lexsort((np.arange(len(table)), -filled))  # the line with most values of each cell first
    best = table.iloc[order]
    best = best[~best.index.duplicated()]
    retained = best.loc[cells]  # for each line, the retained line of its cell
    differs = table.notna().to_numpy() & ~_equal(table, retained)
    if differs.any():
        double = cells[differs.any(axis=1)].unique()
        raise InputError(
            f"the table of cells has cells twice with different values: {list_names(double, 5)}",
            hint="expected one line per cell; the table may contain several slides",
        )
    logger.warning("dropped %s of the table of cells that repeat a cell", number_of(len(table) - len(best), "line"))
    return best.loc[cells[~cells.duplicated()]]


def _equal(one: pd.DataFrame, other: pd.DataFrame) -> np.ndarray:
    columns = [one[name].astype(str).to_numpy() == other[name].astype(str).to_numpy() for name in one.columns]
    return np.column_stack(columns) if columns else np.ones((len(one), 0), dtype=bool)


def _by_another_column(cells: pd.Index, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table indexed by another column with the cell names, or by numbers without leading zeros."""
    match = match_by_value(cells, table)
    if match is not None:
        column, texts = match
        logger.warning("using the column %r of the table of cells as cell names", column)
        return table.set_axis(pd.Index(texts), axis=0)
    plain, plain_index = plain_numbers(cells), plain_numbers(table.index)
    if plain is not None and plain_index is not None and plain.isin(plain_index).any():
        logger.warning("identifiers of matrix and table of cells differ in leading zeros; matched as numbers")
        name_of = dict(zip(plain, cells, strict=True))
        return table.set_axis(pd.Index([name_of.get(name, name) for name in plain_index]), axis=0)
    raise InputError(
        f"no cell of the matrix ({', '.join(cells[:3])}) is in the table of cells ({', '.join(table.index[:3])})",
        hint="check that both files are of the same sample and the same segmentation",
    )
