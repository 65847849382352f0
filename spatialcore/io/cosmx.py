"""Read CosMx flat files: expression matrix and metadata."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.annotation.spillover.other_coordinates import MICRONS_PER_MM
from spatialcore.core.logging import get_logger
from spatialcore.core.text.dialect import table_names
from spatialcore.errors import InputError
from spatialcore.io.fields_of_view import LOCAL, slide_positions
from spatialcore.io.flat_files import (
    find_one,
    header_of,
    need_one,
    non_gene_columns,
    note_source,
    read_counts,
    read_table,
)
from spatialcore.io.identifiers import as_identifiers
from spatialcore.io.joining import assemble, attach_cells

logger = get_logger(__name__)

PLATFORM = "CosMx"
COUNTS = table_names("*exprMat_file")
METADATA = (*table_names("*metadata_file"), "*metadata_file.parquet", "*metadata_file.parquet.gz")
REQUIRED = "*_exprMat_file.csv and *_metadata_file.csv (also .gz)"
XY = ("CenterX_global_px", "CenterY_global_px")
XY_MM = (("CenterX_global_mm", "CenterY_global_mm"), ("x_slide_mm", "y_slide_mm"))
KEYS = ("fov", "cell_ID")
NAMES = ("cell", "cell_id")


def is_cosmx(path: Path) -> bool:
    """Return whether a folder has a CosMx expression matrix and metadata."""
    return path.is_dir() and find_one(path, COUNTS) is not None and find_one(path, METADATA) is not None


def missing_part(folder: Path) -> str:
    """Return the part that an incomplete folder of flat files is missing; empty if it has both parts or neither."""
    counts, metadata = find_one(folder, COUNTS), find_one(folder, METADATA)
    if counts is not None and metadata is None:
        return "metadata (*_metadata_file.csv)"
    return "expression matrix (*_exprMat_file.csv)" if metadata is not None and counts is None else ""


def read_cosmx(path: Path) -> AnnData:
    """Read counts, coordinates and metadata of a folder of CosMx flat files.

    Cell names are the column ``cell`` or ``cell_id`` of the metadata if present, else ``<fov>_<cell_ID>``. Lines with
    cell_ID 0 (transcripts outside of cells) are skipped. Coordinates are global, in µm if the metadata has areas in
    pixels and in µm² (their ratio is the pixel size) or coordinates in mm, else in pixels. Positions within fields of
    view are converted if the folder has the positions of these, see :mod:`spatialcore.io.fields_of_view`.
    """
    file, (table, xy) = need_one(path, COUNTS), _metadata(need_one(path, METADATA))
    header = header_of(file)
    spelling = usual_spelling(header, (*KEYS, NAMES[0]))
    others = non_gene_columns(header, [*KEYS, *NAMES, *spelling, *map(str, table.columns)])
    identifiers, counts, genes = read_counts(file, others)
    identifiers = identifiers.rename(columns=spelling)
    if (missing := [key for key in KEYS if key not in identifiers]) and _named_cells(identifiers, table) is None:
        raise InputError(
            f"{file} has no column {', '.join(missing)}",
            hint="expected the columns fov and cell_ID, or a column 'cell' with the names in the metadata",
        )
    for key in (name for name in KEYS if name in identifiers):
        identifiers[key] = _key_numbers(identifiers[key], file.name)
    inside = identifiers["cell_ID"].to_numpy() != "0" if "cell_ID" in identifiers else np.ones(len(identifiers), bool)
    if outside := int((~inside).sum()):
        logger.info("skipped %d lines of transcripts outside of cells (cell_ID 0)", outside)
    cells = _cell_names(identifiers.loc[inside], table)
    adata = assemble(counts[np.flatnonzero(inside)], cells, pd.DataFrame(index=pd.Index(genes)))
    scale, unit = _pixel_size(table) if xy == XY else (MICRONS_PER_MM, "µm")
    attach_cells(adata, table.drop(columns="fov_cell"), xy=xy, scale=scale)
    return note_source(adata, reader="cosmx", platform=PLATFORM, unit=unit)


def usual_spelling(columns: Iterable[str], expected: Sequence[str]) -> dict[str, str]:
    """Return column -> expected name for columns that differ from it in case, dots, blanks or underscores only.

    Examples
    --------
    >>> usual_spelling(["FOV", "cell.id", "Area"], ["fov", "cell_ID"])
    {'FOV': 'fov', 'cell.id': 'cell_ID'}
    """
    names = [str(name) for name in columns]
    missing = {_letters(name): name for name in expected if name not in names}
    spelling: dict[str, str] = {}
    for name in names:
        if (key := _letters(name)) in missing:
            spelling[name] = missing.pop(key)
    return spelling


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _metadata(file: Path) -> tuple[pd.DataFrame, tuple[str, str]]:
    """Return the metadata indexed by cell name, with the key of the matrix in ``fov_cell``, and their coordinates."""
    table = read_table(file)
    names = (*KEYS, NAMES[0], *XY, *(name for pair in XY_MM for name in pair), *LOCAL)
    table = table.rename(columns=usual_spelling(table.columns, names))
    _require(table, file, KEYS)
    for key in KEYS:
        table[key] = _key_numbers(table[key], file.name)
    xy = next((pair for pair in (XY, *XY_MM) if set(pair) <= set(table.columns)), XY)
    if xy == XY and XY[0] not in table and set(LOCAL) <= set(table.columns):
        positions = slide_positions(file.parent, table)
        table = table if positions is None else table.assign(**dict(zip(XY, positions.T, strict=True)))
    _require(table, file, xy)
    table["fov_cell"] = _keys(table)
    key = next((name for name in NAMES if name in table and _names_cells(table, name)), "fov_cell")
    return table.set_index(pd.Index(table[key].astype(str))), xy


def _require(table: pd.DataFrame, file: Path, names: Sequence[str]) -> None:
    if missing := [name for name in names if name not in table]:
        raise InputError(
            f"{file} has no column {', '.join(missing)}",
            hint="expected are positions on the slide (CenterX_global_px, CenterX_global_mm or x_slide_mm), not those "
            "within a field of view, unless *_fov_positions_file.csv is in the folder; columns: "
            f"{', '.join(map(str, table.columns))}",
        )


def _key_numbers(values: Iterable[object], where: str) -> list[str]:
    """Return numbers of fields of view and cells as text, without leading zeros."""
    return [text.lstrip("0") or "0" if text.isdigit() else text for text in as_identifiers(values, where)]


def _names_cells(table: pd.DataFrame, name: str) -> bool:
    """Return whether a column has a unique name for each cell; repeated lines of a cell count once."""
    cells = table[[name, "fov_cell"]].drop_duplicates()
    return bool(cells[name].notna().all() and cells[name].is_unique)


def _keys(table: pd.DataFrame) -> pd.Series:
    return table["fov"].astype(str) + "_" + table["cell_ID"].astype(str)


def _cell_names(identifiers: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Return the cell names of the lines of the matrix, as in the metadata."""
    if (named := _named_cells(identifiers, table)) is not None:
        return named
    if table["fov_cell"].duplicated().any():
        raise InputError(
            "fov and cell_ID are not unique, and the matrix has no column 'cell'",
            hint="the file may contain several slides: export one file per slide",
        )
    name_of = dict(zip(table["fov_cell"], table.index, strict=True))
    return [name_of.get(key, key) for key in _keys(identifiers)]


def _named_cells(identifiers: pd.DataFrame, table: pd.DataFrame) -> list[str] | None:
    """Return the column of the matrix that has names of cells of the metadata, or None."""
    for name in NAMES:
        if name in identifiers and identifiers[name].isin(table.index).any():
            return list(identifiers[name])
    return None


def _pixel_size(table: pd.DataFrame) -> tuple[float, str]:
    if {"Area", "Area.um2"} <= set(table.columns):
        ratio = (table["Area.um2"] / table["Area"]).median()
        if np.isfinite(ratio) and ratio > 0:
            return float(np.sqrt(ratio)), "µm"
    return 1.0, "px"
