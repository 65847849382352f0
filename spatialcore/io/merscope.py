"""Read MERSCOPE output: cell_by_gene.csv and cell_metadata.csv of a region."""

from pathlib import Path

import pandas as pd
from anndata import AnnData

from spatialcore.core.logging import get_logger
from spatialcore.core.text.dialect import table_names
from spatialcore.errors import InputError
from spatialcore.io.flat_files import (
    find_one,
    header_of,
    need_one,
    non_gene_columns,
    note_source,
    read_counts,
    read_table,
)
from spatialcore.io.identifiers import as_identifiers, identifier_column
from spatialcore.io.joining import assemble, attach_cells

logger = get_logger(__name__)

PLATFORM = "MERSCOPE"
COUNTS = (*table_names("*cell_by_gene"), *table_names("*cell_by_gene_*"))
METADATA = (
    *(*table_names("*cell_metadata"), "*cell_metadata.parquet", "*cell_metadata.parquet.gz"),
    *table_names("*cell_metadata_*"),
)
REQUIRED = "cell_by_gene.csv and cell_metadata.csv of one region"
XY = ("center_x", "center_y")


def is_merscope(path: Path) -> bool:
    """Return whether a folder has a MERSCOPE count matrix and metadata."""
    return path.is_dir() and find_one(path, COUNTS) is not None and find_one(path, METADATA) is not None


def missing_part(folder: Path) -> str:
    """Return the part that an incomplete MERSCOPE region is missing; empty if it has both parts or neither."""
    counts, metadata = find_one(folder, COUNTS), find_one(folder, METADATA)
    if counts is not None and metadata is None:
        return "table of cells (cell_metadata.csv)"
    return "count matrix (cell_by_gene.csv)" if metadata is not None and counts is None else ""


def read_merscope(path: Path) -> AnnData:
    """Read counts, centres (µm) and metadata of one MERSCOPE region.

    The cell identifier is the column EntityID, cell or cell_id of either table, else its first column. Row numbers and
    measurements of cells among the genes are skipped. Blank barcodes are kept.
    """
    counts_file, table = need_one(path, COUNTS), _metadata(need_one(path, METADATA))
    header = header_of(counts_file)
    others = non_gene_columns(header, [str(name) for name in table.columns])
    name = identifier_column(header)
    identifiers, counts, genes = read_counts(counts_file, others)
    if len(others) > 1:
        logger.info("skipped columns of %s that are not genes: %s", counts_file.name, ", ".join(map(repr, others)))
    adata = assemble(counts, identifiers[name], pd.DataFrame(index=pd.Index(genes)))
    attach_cells(adata, table, xy=XY)
    return note_source(adata, reader="merscope", platform=PLATFORM, unit="µm")


def _metadata(file: Path) -> pd.DataFrame:
    table = read_table(file)
    if missing := [name for name in XY if name not in table]:
        raise InputError(f"{file} has no column {', '.join(missing)}", hint=f"columns: {', '.join(table.columns)}")
    name = identifier_column([str(column) for column in table.columns])
    return table.drop(columns=name).set_axis(pd.Index(as_identifiers(table[name], file.name)), axis=0)
