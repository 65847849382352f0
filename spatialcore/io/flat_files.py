"""Helpers of the platform readers: find files, stream count tables, join cells with metadata.

Identifiers are read as strings: those of MERSCOPE are 64-bit integers and would lose digits as floats.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.utils import make_index_unique
from scipy.sparse import csr_matrix, vstack

from spatialcore.columns import SOURCE, SPATIAL
from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, InputError

logger = get_logger(__name__)

BLOCK_BYTES = 64 << 20
IDENTIFIERS = {"cell", "cell_id", "entityid", "fov"}


def find_one(folder: Path, patterns: Sequence[str]) -> Path | None:
    """Return the file of a folder that matches the first matching pattern, or None.

    Raises
    ------
    InputError
        Several files match one pattern: the folder has more than one sample.
    """
    for pattern in patterns:
        files = sorted(folder.glob(pattern))
        if len(files) > 1:
            names = ", ".join(file.name for file in files)
            raise InputError(
                f"{folder} has {len(files)} files that match {pattern}: {names}",
                hint="pass a folder with the files of one sample",
            )
        if files:
            return files[0]
    return None


def need_one(folder: Path, patterns: Sequence[str]) -> Path:
    """Return the file that :func:`find_one` returns; raise if there is none.

    Raises
    ------
    FileMissingError
        No file matches any of the patterns.
    """
    file = find_one(folder, patterns)
    if file is None:
        raise FileMissingError(
            f"no file in {folder} matches {' or '.join(patterns)}", hint="export the flat files again"
        )
    return file


def read_table(file: Path) -> pd.DataFrame:
    """Read a table of cells from CSV (also gzipped) or parquet; first column and identifiers as strings."""
    if file.suffix == ".parquet":
        table = pd.read_parquet(file)
        return table.reset_index() if table.index.name else table
    header = [str(name) for name in pd.read_csv(file, nrows=0).columns]
    identifiers = {header[0], *(name for name in header if name.lower() in IDENTIFIERS)}
    return pd.read_csv(file, dtype=dict.fromkeys(identifiers, str), low_memory=False)


def stream_columns(file: Path, text_columns: Sequence[str]) -> Iterator[tuple[pd.DataFrame, csr_matrix, list[str]]]:
    """Read a CSV of counts (cells x genes) block by block.

    Parameters
    ----------
    file
        CSV with a header, gzipped or not: identifier columns and one column per gene.
    text_columns
        Names of the identifier columns; all other columns are read as numbers.

    Yields
    ------
    identifiers : DataFrame
        Identifier columns of a block, as strings.
    counts : csr_matrix
        Cells x genes, float32.
    genes : list of str
        Gene names.
    """
    import pyarrow as pa
    from pyarrow import csv

    with pa.input_stream(str(file), compression="detect") as probe:
        header = _header(probe.read(1 << 22), file)
    genes = [name for name in header if name not in text_columns]
    types = {name: pa.string() if name in text_columns else pa.float32() for name in header}
    reading = csv.ReadOptions(block_size=BLOCK_BYTES, column_names=header, skip_rows=1)
    converting = csv.ConvertOptions(column_types=types)
    try:
        with pa.input_stream(str(file), compression="detect") as stream:
            for batch in csv.open_csv(stream, read_options=reading, convert_options=converting):
                if batch.num_rows:
                    yield _split(batch, genes, text_columns)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"{file} is not a table of counts: {error}", hint="check for text in the columns of genes"
        ) from error


def _header(start: bytes, file: Path) -> list[str]:
    import csv
    import io

    line = start.split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    names = next(csv.reader(io.StringIO(line)), [])
    if len(names) < 2:
        raise InputError(f"{file} has no comma-separated header", hint="copy the file again: it may be truncated")
    return names


def _split(batch: object, genes: list[str], text: Sequence[str]) -> tuple[pd.DataFrame, csr_matrix, list[str]]:
    frame = {name: batch.column(name).to_pandas() for name in text if name in batch.schema.names}  # type: ignore[attr-defined]
    values = np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in genes])  # type: ignore[attr-defined]
    return pd.DataFrame(frame), csr_matrix(np.nan_to_num(values)), genes


def read_counts(file: Path, text_columns: Sequence[str]) -> tuple[pd.DataFrame, csr_matrix, list[str]]:
    """Read a CSV of counts as identifiers, sparse counts (cells x genes) and gene names."""
    blocks = list(stream_columns(file, text_columns))
    if not blocks:
        raise InputError(f"{file} has a header but no cells", hint="export the flat files again")
    identifiers = pd.concat([block[0] for block in blocks], ignore_index=True)
    return identifiers, vstack([block[1] for block in blocks], format="csr"), blocks[0][2]


def assemble(counts: csr_matrix, cells: Iterable[str], var: pd.DataFrame) -> AnnData:
    """Return an AnnData of counts, cell identifiers and var; raise for duplicate identifiers."""
    names = pd.Index([str(cell) for cell in cells])
    if names.has_duplicates:
        duplicates = names[names.duplicated()].unique()[:5].tolist()
        raise InputError(
            f"{names.duplicated().sum()} duplicate cell identifiers: {', '.join(duplicates)}",
            hint="split tables of several slides, or add a column 'cell' with unique identifiers",
        )
    var.index = make_index_unique(var.index)
    return AnnData(X=counts.astype(np.float32), obs=pd.DataFrame(index=names), var=var)


def attach_cells(adata: AnnData, table: pd.DataFrame, *, xy: tuple[str, str], scale: float = 1.0) -> None:
    """Add a metadata table (index: cell identifiers) to obs, in the order of the matrix.

    Parameters
    ----------
    xy
        Columns with the coordinates; they are stored in ``obsm["spatial"]`` and removed from ``obs``.
    scale
        Factor that the coordinates are multiplied by.

    Raises
    ------
    InputError
        Identifiers are not unique, or the matrix has none of them.
    """
    if table.index.has_duplicates:
        raise InputError("the table of cells has duplicate identifiers", hint="expected one line per cell")
    shared = adata.obs_names.isin(table.index)
    if not shared.any():
        raise InputError(
            f"no cell of the matrix ({', '.join(adata.obs_names[:3])}) is in the table of cells "
            f"({', '.join(table.index[:3])})",
            hint="check that both files are of the same sample and segmentation",
        )
    if not shared.all():
        logger.warning("%d cells of the matrix have no metadata and no coordinates", (~shared).sum())
    if extra := len(table) - int(shared.sum()):
        logger.warning("skipped %d cells of the metadata that are not in the matrix", extra)
    table = table.reindex(adata.obs_names)
    adata.obsm[SPATIAL] = table[list(xy)].to_numpy(dtype=float) * scale
    adata.obs = table.drop(columns=list(xy))


def note_source(adata: AnnData, *, reader: str, platform: str, unit: str = "", software: str = "") -> AnnData:
    """Store reader, platform, unit of the coordinates and software in uns."""
    adata.uns[SOURCE] = {"reader": reader, "platform": platform, "unit": unit, "software": software}
    return adata
