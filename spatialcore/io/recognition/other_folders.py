"""Folders of instruments without counts per cell, or of which a part is read: transcripts alone, Space Ranger."""

from pathlib import Path
from typing import Final

from spatialcore.core.text.dialect import table_names
from spatialcore.core.text.wording import list_names

TRANSCRIPTS: Final = ("transcripts.parquet", "transcripts.csv*", "transcripts.zarr*", "*tx_file.*")
DETECTED: Final = table_names("*detected_transcripts")
SEGMENT: Final = (
    "copy the count matrix and the table of cells of the same run into the folder (Xenium: cell_feature_matrix.h5, "
    "cells.parquet; CosMx: *_exprMat_file.csv, *_metadata_file.csv; MERSCOPE: cell_by_gene.csv, cell_metadata.csv), or "
    "segment cells, for example with Baysor or Proseg, and pass cells x genes as .h5ad"
)
CELLS: Final = "filtered_feature_cell_matrix.h5"
SPOTS: Final = "filtered_feature_bc_matrix.h5"
BINS: Final = ("008um", "016um", "002um")  # in the order of similarity to the size of cells


def without_cells(folder: Path) -> tuple[str, str] | None:
    """Return what a folder is that has transcripts and no counts of cells, and what to do; None for other folders."""
    files = {path.name for pattern in (*TRANSCRIPTS, *DETECTED) for path in folder.glob(pattern)}
    kind = f"a folder with transcripts and without counts of cells: {list_names(sorted(files), 4)}"
    return (kind, SEGMENT) if files else None


def of_space_ranger(folder: Path) -> tuple[str, str] | None:
    """Return what to pass of an output folder of Space Ranger (Visium, Visium HD); None for other folders."""
    bins = [f"{parent}square_{size}/{SPOTS}" for size in BINS for parent in ("", "binned_outputs/")]
    candidates = [CELLS, f"segmented_outputs/{CELLS}", *bins, SPOTS]
    matrix = next((folder / name for name in candidates if (folder / name).is_file()), None)
    if matrix is None or (matrix == folder / SPOTS and not (folder / "spatial").is_dir()):
        return None
    hint = f"pass {matrix}, without coordinates"
    if matrix.name == SPOTS:
        hint += "; a bin or spot is not a cell: bins of 8 µm are about as large, spots of 55 µm hold several cells"
    return "an output folder of Space Ranger (Visium)", (
        f"{hint}. With coordinates: read the folder with spatialdata_io.visium_hd (or visium), and write its table as "
        ".h5ad"
    )
