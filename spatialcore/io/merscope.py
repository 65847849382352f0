"""Read MERSCOPE output: cell_by_gene.csv and cell_metadata.csv of a region."""

from pathlib import Path

import pandas as pd
from anndata import AnnData

from spatialcore.errors import InputError
from spatialcore.io.flat_files import assemble, attach_cells, find_one, need_one, note_source, read_counts, read_table

PLATFORM = "MERSCOPE"
COUNTS = ("*cell_by_gene.csv", "*cell_by_gene.csv.gz")
METADATA = ("*cell_metadata.csv", "*cell_metadata.csv.gz")
REQUIRED = "cell_by_gene.csv and cell_metadata.csv of one region"
XY = ("center_x", "center_y")


def is_merscope(path: Path) -> bool:
    """Return whether a folder has a MERSCOPE count matrix and metadata."""
    return path.is_dir() and find_one(path, COUNTS) is not None and find_one(path, METADATA) is not None


def read_merscope(path: Path) -> AnnData:
    """Read counts, centres (µm) and metadata of one MERSCOPE region.

    The first column of both tables is the cell identifier, regardless of its name. Blank barcodes are kept.
    """
    counts_file = need_one(path, COUNTS)
    first = _first_column(counts_file)
    identifiers, counts, genes = read_counts(counts_file, (first,))
    adata = assemble(counts, identifiers[first], pd.DataFrame(index=pd.Index(genes)))
    attach_cells(adata, _metadata(need_one(path, METADATA)), xy=XY)
    return note_source(adata, reader="merscope", platform=PLATFORM, unit="µm")


def _first_column(file: Path) -> str:
    name = str(pd.read_csv(file, nrows=0).columns[0])
    return "" if name.startswith("Unnamed") else name


def _metadata(file: Path) -> pd.DataFrame:
    table = read_table(file)
    first = table.columns[0]
    if missing := [name for name in XY if name not in table]:
        raise InputError(f"{file} has no column {', '.join(missing)}", hint=f"columns: {', '.join(table.columns)}")
    return table.drop(columns=first).set_axis(pd.Index(table[first].astype(str)), axis=0)
