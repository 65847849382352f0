"""References that are profiles and not cells: which files are such, and how each is read.

============================ ==================================================================================
file                         content
============================ ==================================================================================
CSV, TSV (also .gz)          genes x types, or types x genes; optional a row ``n_cells`` and columns ``<type>_sd``
h5ad, zarr                   types x genes (or the reverse), one row per type: names in the label column, or in
                             obs_names (label column ``obs_names``); optional ``obs["n_cells"]``, ``layers["sd"]``
precomputed_stats.h5         see :mod:`spatialcore.annotation.references.taxonomy_stats`; label column: a level
============================ ==================================================================================
"""

from collections.abc import Container
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from spatialcore.annotation.expression.find import find_expression
from spatialcore.annotation.references.features import Features
from spatialcore.annotation.references.profiles import DISPERSION, Profiles, dispersion_of, shares_of
from spatialcore.annotation.references.taxonomy_stats import is_taxonomy_stats, level_names, read_taxonomy_stats
from spatialcore.core.counts import recover_counts
from spatialcore.core.genes.names import is_ensembl
from spatialcore.core.genes.species import count_species
from spatialcore.core.genes.symbols import ids_of, symbols_of
from spatialcore.core.logging import get_logger
from spatialcore.core.normalization import row_totals
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.text.dialect import dialect_of, open_text_table, table_names
from spatialcore.core.text.wording import list_names, number_of
from spatialcore.core.types import Floats, Ints
from spatialcore.errors import InputError

log = get_logger(__name__)

OBS_NAMES: Final = "obs_names"
N_CELLS: Final = "n_cells"
SD: Final = "sd"
MAX_UNNAMED_ROWS: Final = 200  # rows of a file without obs columns that may be types
EXAMINED_ROWS: Final = 200
MAX_CELL_COUNTS: Final = 50_000  # of a cell; sums over the cells of a type are larger
MAX_LOG: Final = 20.0
MAX_TEXT_SHARE: Final = 0.5  # share of texts in a column of numbers; a column with more is of names
SAME_SUM: Final = 0.02


def is_table(path: Path) -> bool:
    """Return whether a path is a text table, compressed or not."""
    return path.is_file() and path.name.lower().endswith(table_names(""))


def has_profiles(path: Path, column: str) -> bool:
    """Return whether a reference holds profiles: one row, or one column, per type.

    An AnnData does where the label column has another label in every row and the rows are not single cells, where it
    is called ``obs_names``, or where obs has no column at all and a few rows without whole counts.
    """
    if is_table(path) or is_taxonomy_stats(path):
        return True
    with AnnDataFile(path) as file:
        if column == OBS_NAMES:
            return True
        if column in file.obs_columns:
            labels = file.labels(column)
            is_unique = 1 < file.n_obs == len(labels.categories) and bool((labels.codes >= 0).all())
            return is_unique and not _has_cells(file)
        return not file.obs_columns and 1 < file.n_obs <= MAX_UNNAMED_ROWS and file.status()["raw_source"] is None


def _has_cells(file: AnnDataFile) -> bool:
    """Return whether many rows are single cells: with as few counts as a cell has, also after normalization.

    The label column may have been a column of barcodes.
    """
    if file.n_obs <= MAX_UNNAMED_ROWS or N_CELLS in file.obs_columns or SD in file.keys("layers"):
        return False
    try:
        expression = find_expression(file)
    except InputError:
        return False
    rows = np.arange(min(file.n_obs, EXAMINED_ROWS))
    counts, kind = recover_counts(file.gene_matrix(expression.source).take(rows))
    return kind != "pseudo" and float(np.median(row_totals(counts))) < MAX_CELL_COUNTS


def profile_labels(path: Path) -> list[str]:
    """Return the possible label columns: the levels of a taxonomy; empty for other files of profiles."""
    return level_names(path) if is_taxonomy_stats(path) else []


def read_profiles(path: Path, column: str) -> Profiles:
    """Read the profiles of a file.

    Parameters
    ----------
    path
        A file for which :func:`has_profiles` holds.
    column
        The obs column with the types, or the level of a taxonomy; of no effect for tables.

    Raises
    ------
    InputError
        The values are not mean expression, or genes and types cannot be told apart.
    LabelColumnError
        No such level.
    """
    if is_taxonomy_stats(path):
        return read_taxonomy_stats(path, column)
    return _read_table(path) if is_table(path) else _read_anndata(path, column)


def _read_table(path: Path) -> Profiles:
    table = _open_table(path)
    texts = table.select_dtypes(exclude="number")
    _require_numbers(texts, path)
    numbers = table.select_dtypes("number").astype(np.float64)
    if numbers.shape[1] < 2:
        raise InputError(
            f"{path.name} has {number_of(numbers.shape[1], 'column')} of numbers",
            hint="write genes x types, one column each",
        )
    if _genes_in(numbers.columns) > _genes_in(numbers.index):
        numbers, texts = numbers.T, pd.DataFrame(index=numbers.columns)
    n_cells = numbers.to_numpy()[numbers.index == N_CELLS]
    numbers, texts = (frame.drop(index=N_CELLS, errors="ignore") for frame in (numbers, texts))
    rows, sd_rows = _type_rows([str(name) for name in numbers.columns])
    values = numbers.to_numpy().T
    sd = None if sd_rows is None else values[sd_rows]
    n = n_cells[0][rows] if len(n_cells) else None
    if sd is None and n is None:
        _refuse_cells(values[rows], path)
    types = [str(numbers.columns[row]) for row in rows]
    return _profiles(path, types, texts.set_axis(texts.index.astype(str)), values[rows], sd, n)


def _refuse_cells(values: Floats, path: Path) -> None:
    """Raise if a table has many rows of whole counts, as few as single cells have."""
    is_whole = np.isfinite(values).all() and bool((values == np.round(values)).all())
    if len(values) > MAX_UNNAMED_ROWS and is_whole and np.median(values.sum(axis=1)) < MAX_CELL_COUNTS:
        raise InputError(
            f"{path.name} has counts of {len(values):,} cells, expected one row or column per type",
            hint="write cells as .h5ad, with a column of cell types in obs",
        )


def _open_table(path: Path) -> pd.DataFrame:
    """Return a table of text with its own column names; rows without a name are left out."""
    dialect = dialect_of(path)
    try:
        with open_text_table(path) as stream:
            table = pd.read_csv(
                stream, sep=dialect.separator, encoding=dialect.encoding, decimal=dialect.decimal, index_col=0
            )
    except (ValueError, OSError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is not a table: {error}", hint="write genes x types, separated by commas") from error
    if len(dialect.header) == 1 + table.shape[1]:
        table.columns = pd.Index(dialect.header[1:])  # pandas numbers the names that occur twice
    return table[table.index.notna()]


def _type_rows(names: list[str]) -> tuple[list[int], list[int] | None]:
    """Return the rows of the means, and those of their deviations; None unless each type has one."""
    row_of = {name: row for row, name in enumerate(names)}
    rows = [row for row, name in enumerate(names) if not _is_deviation(name, row_of)]
    sd_rows = [row_of[sd_name] for row in rows if (sd_name := f"{names[row]}_{SD}") in row_of]
    return rows, sd_rows if len(sd_rows) == len(rows) else None


def _require_numbers(texts: pd.DataFrame, path: Path) -> None:
    """Raise if a column of numbers has a text among them: it would be left out."""
    for column in range(texts.shape[1]):
        values = texts.iloc[:, column].dropna()
        is_text = pd.to_numeric(values, errors="coerce").isna()
        if 0 < is_text.mean() <= MAX_TEXT_SHARE:
            raise InputError(
                f"{path.name}: column {texts.columns[column]!r} has the text {values[is_text].iloc[0]!r} "
                f"in row {values.index[is_text][0]!r}",
                hint="write a number in each field, 0 where a gene was not detected",
            )


def _is_deviation(name: str, names: Container[str]) -> bool:
    base = name.removesuffix(f"_{SD}")
    return base != name and base in names


def _read_anndata(path: Path, column: str) -> Profiles:
    with AnnDataFile(path) as file:
        obs, var = file.obs(np.arange(file.n_obs)), file.var()
        means = file.matrix("X").take(np.arange(file.n_obs)).toarray().astype(np.float64)
        has_sd = f"layers/{SD}" in [f"layers/{key}" for key in file.keys("layers")]
        sd = file.matrix(f"layers/{SD}").take(np.arange(file.n_obs)).toarray().astype(np.float64) if has_sd else None
    if _genes_in(obs.index) > _genes_in(var.index):
        obs, var, means, sd = var, obs, means.T, None if sd is None else sd.T
    types = obs[column] if column in obs else pd.Series(obs.index, index=obs.index)
    n_cells = obs[N_CELLS].to_numpy(dtype=np.float64) if N_CELLS in obs else None
    return _profiles(path, [str(name) for name in types], var, means, sd, n_cells)


def _profiles(
    path: Path, types: list[str], var: pd.DataFrame, means: Floats, sd: Floats | None, n_cells: Any
) -> Profiles:
    means, scale = _linear(means, path)
    names = [str(name) for name in var.index]
    shares = shares_of(means, path.name, types)
    use_sd = sd is not None and scale == "linear"
    dispersion = dispersion_of(means, np.asarray(sd)) if use_sd else np.full(len(types), DISPERSION)
    origin = {
        "format": "profiles",
        "scale": scale,
        "dispersion": round(float(np.median(dispersion)), 3),
        "dispersion_from": "standard deviations" if use_sd else "default",
    }
    counts = None if n_cells is None else _cell_counts(np.asarray(n_cells, dtype=np.float64), types, path)
    features = Features(symbols_of(names, var), ids_of(names, var))
    log.info("%s: %d profiles of %d genes, %s scale", path.name, len(types), len(names), scale)
    return Profiles(types, features, shares, dispersion, counts, origin, {})


def _cell_counts(n_cells: Floats, types: list[str], path: Path) -> Ints:
    missing = [name for name, n in zip(types, n_cells, strict=True) if np.isnan(n) or n < 0]
    if missing:
        raise InputError(
            f"{path.name}: {N_CELLS} is missing or negative for {list_names(missing)}",
            hint=f"give the number of cells of each type, or leave {N_CELLS} out",
        )
    empty = [name for name, n in zip(types, n_cells, strict=True) if n < 1]
    if empty:
        log.warning("%s: types with %s 0 are left out: %s", path.name, N_CELLS, list_names(empty))
    return n_cells.astype(np.int64)


def _linear(means: Floats, path: Path) -> tuple[Floats, str]:
    """Undo a logarithm if the types have equal totals afterwards and did not before."""
    if not np.isfinite(means).all() or means.size == 0 or means.max() > MAX_LOG or _sums_agree(means):
        return means, "linear"
    for scale, linear in (("log1p", np.expm1(means)), ("log2", np.exp2(means) - 1)):
        if _sums_agree(linear):
            return linear, scale
    log.warning("%s: no value above %.1f; the profiles are read as linear, not as logarithms", path.name, means.max())
    return means, "linear"


def _sums_agree(values: Floats) -> bool:
    sums = values.sum(axis=1)
    return bool(sums.std() < SAME_SUM * max(float(sums.mean()), 1e-12))


def _genes_in(names: pd.Index) -> float:
    """Return the share of names that are genes of human or mouse."""
    texts = [str(name) for name in names]
    counts = count_species(texts)
    return max(counts.human + counts.mouse, sum(map(is_ensembl, texts))) / max(1, len(texts))
