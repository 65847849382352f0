"""Read Xenium output folders (Xenium Onboard Analysis 1 to 4)."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from anndata import AnnData

from spatialcore.core.on_disk.system_errors import reading
from spatialcore.core.text.dialect import table_names
from spatialcore.errors import FileMissingError, InputError
from spatialcore.io.flat_files import find_one, note_source, read_table
from spatialcore.io.identifiers import as_identifiers
from spatialcore.io.joining import attach_cells
from spatialcore.io.tenx import is_mex, read_matrix_zarr, read_mex, read_tenx_h5, software_of

PLATFORM = "Xenium"
CELLS = ("cells.parquet", "cells.parquet.gz", "cells.csv.gz", *(n for n in table_names("cells") if n != "cells.csv.gz"))
MATRICES: tuple[tuple[str, Callable[[Path], AnnData]], ...] = (
    ("cell_feature_matrix.h5", read_tenx_h5),
    ("cell_feature_matrix.h5.gz", read_tenx_h5),
    ("cell_feature_matrix.zarr.zip", read_matrix_zarr),
    ("cell_feature_matrix.zarr", read_matrix_zarr),
    ("cell_feature_matrix", read_mex),
)
REQUIRED = (
    "cell_feature_matrix.h5, .zarr.zip, .zarr or the folder cell_feature_matrix/, with "
    "cells.parquet or cells.csv.gz beside it"
)
XY = ("x_centroid", "y_centroid")


def is_xenium(path: Path) -> bool:
    """Return whether a folder has a Xenium count matrix and a table of cells."""
    return path.is_dir() and _cells(path) is not None and _matrix(path) is not None


def missing_part(folder: Path) -> str:
    """Return the part that an incomplete Xenium folder is missing; empty if it has both parts or neither."""
    matrix, cells = _matrix(folder), _cells(folder)
    if matrix is not None and cells is None and "cell_feature_matrix" in matrix[0].name:
        return "table of cells (cells.parquet or cells.csv.gz)"
    return "count matrix (cell_feature_matrix.h5)" if cells is not None and matrix is None else ""


def _matrix(folder: Path) -> tuple[Path, Callable[[Path], AnnData]] | None:
    for name, reader in MATRICES:
        file = _called(folder, name)
        if file is not None and (file.is_file() or file.suffix == ".zarr" or is_mex(file)):
            return file, reader
    return (folder, read_mex) if _cells(folder) is not None and is_mex(folder) else None


def _cells(folder: Path) -> Path | None:
    files = (_called(folder, name) for name in CELLS)
    return next((file for file in files if file is not None and file.is_file()), None)


def _called(folder: Path, name: str) -> Path | None:
    """Return what is called so, alone or behind an accession, as GEO puts it before each name."""
    exact = folder / name
    return exact if exact.exists() else find_one(folder, [f"*[_.-]{name}"])


def read_xenium(path: Path) -> AnnData:
    """Read counts, centroids (µm) and the table of cells of a Xenium output folder.

    Control probes and codewords are kept; ``var["feature_types"]`` marks them.
    """
    matrix, cells = _matrix(path), _cells(path)
    if matrix is None or cells is None:
        raise FileMissingError(f"incomplete Xenium output folder: {path}", hint=f"expected {REQUIRED}")
    file, reader = matrix
    with reading(file):
        adata = reader(file)
    attach_cells(adata, _cell_table(cells), xy=XY)
    return note_source(adata, reader="xenium", platform=PLATFORM, unit="µm", software=software_of(path))


def _cell_table(file: Path) -> pd.DataFrame:
    table = read_table(file)
    if missing := [name for name in ("cell_id", *XY) if name not in table]:
        raise InputError(f"{file} has no column {', '.join(missing)}", hint=f"columns: {', '.join(table.columns)}")
    unnamed = [name for name in table.columns if str(name).startswith("Unnamed") or not str(name)]
    # early parquet files store identifiers as bytes
    names = as_identifiers(table["cell_id"], file.name)
    return table.drop(columns=["cell_id", *unnamed]).set_axis(pd.Index(names), axis=0)
