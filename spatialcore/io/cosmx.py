"""CosMx flat files: expression matrix and metadata."""

from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.logging import get_logger
from spatialcore.errors import InputError
from spatialcore.io.flat_files import assemble, attach_cells, find_one, need_one, note_source, read_counts, read_table

logger = get_logger(__name__)

PLATFORM = "CosMx"
COUNTS = ("*exprMat_file.csv", "*exprMat_file.csv.gz")
METADATA = ("*metadata_file.csv", "*metadata_file.csv.gz")
WANTED = "*_exprMat_file.csv and *_metadata_file.csv (also .gz)"
XY = ("CenterX_global_px", "CenterY_global_px")
KEYS = ("fov", "cell_ID")
NAMES = ("cell", "cell_id")


def is_cosmx(path: Path) -> bool:
    """Say whether a folder holds CosMx's matrix and metadata."""
    return path.is_dir() and find_one(path, COUNTS) is not None and find_one(path, METADATA) is not None


def read_cosmx(path: Path) -> AnnData:
    """Read counts, coordinates and metadata of a folder of CosMx flat files.

    A cell is named by the metadata's column ``cell`` or ``cell_id`` where there is one, else ``<fov>_<cell_ID>``.
    Lines with cell_ID 0 hold the transcripts outside of cells and are left out. Coordinates are those of the slide,
    in µm where the metadata gives areas both in pixels and in µm² (which settles the size of a pixel), else in pixels.
    """
    identifiers, counts, genes = read_counts(need_one(path, COUNTS), (*KEYS, *NAMES))
    if missing := [key for key in KEYS if key not in identifiers]:
        raise InputError(f"the expression matrix of {path} has no column {missing[0]}", hint=f"wanted: {WANTED}")
    inside = identifiers["cell_ID"].to_numpy() != "0"
    if outside := int((~inside).sum()):
        logger.info("%d lines of transcripts outside of cells (cell_ID 0) left out", outside)
    table = _metadata(need_one(path, METADATA))
    cells = _cell_names(identifiers.loc[inside], table)
    adata = assemble(counts[np.flatnonzero(inside)], cells, pd.DataFrame(index=pd.Index(genes)))
    scale, unit = _pixel_size(table)
    attach_cells(adata, table.drop(columns="fov_cell"), xy=XY, scale=scale)
    return note_source(adata, reader="cosmx", platform=PLATFORM, unit=unit)


def _metadata(file: Path) -> pd.DataFrame:
    """Return the metadata, indexed by the name of the cell, with the key that the matrix uses in ``fov_cell``."""
    table = read_table(file)
    if missing := [name for name in (*KEYS, *XY) if name not in table]:
        raise InputError(f"{file} has no column {', '.join(missing)}", hint=f"it has {', '.join(table.columns)}")
    table["fov_cell"] = _keys(table)
    named = next((name for name in NAMES if name in table and table[name].is_unique), "fov_cell")
    return table.set_index(pd.Index(table[named].astype(str)))


def _keys(table: pd.DataFrame) -> pd.Series:
    return table["fov"].astype(str) + "_" + table["cell_ID"].astype(str)


def _cell_names(identifiers: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Name the matrix's lines as the metadata does."""
    for name in NAMES:
        if name in identifiers and identifiers[name].isin(table.index).any():
            return list(identifiers[name])
    if table["fov_cell"].duplicated().any():
        raise InputError(
            "fov and cell_ID name a cell twice, and the matrix has no column 'cell'",
            hint="several slides in one file: export or split them slide by slide",
        )
    name_of = dict(zip(table["fov_cell"], table.index, strict=True))
    return [name_of.get(key, key) for key in _keys(identifiers)]


def _pixel_size(table: pd.DataFrame) -> tuple[float, str]:
    if {"Area", "Area.um2"} <= set(table.columns):
        ratio = (table["Area.um2"] / table["Area"]).median()
        if np.isfinite(ratio) and ratio > 0:
            return float(np.sqrt(ratio)), "µm"
    return 1.0, "px"
