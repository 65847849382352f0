"""Helpers of the platform readers: find files, stream count tables, join cells with metadata.

Identifiers are read as strings: those of MERSCOPE are 64-bit integers and would lose digits as floats.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csr_matrix, vstack

from spatialcore.columns import SOURCE
from spatialcore.core.entries import move_entry
from spatialcore.core.genes.tables import known_names
from spatialcore.core.logging import get_logger
from spatialcore.core.on_disk.system_errors import reading, unreadable
from spatialcore.core.text.dialect import dialect_of, open_text_table
from spatialcore.core.text.wording import number_of
from spatialcore.errors import FileMissingError, InputError
from spatialcore.io.identifiers import IDENTIFIERS, identifier_column, is_row_number_name, row_number_columns

if TYPE_CHECKING:
    from pyarrow import RecordBatch

logger = get_logger(__name__)

BLOCK_BYTES = 64 << 20
# columns that exports add to those of the genes
NON_GENE_COLUMNS = frozenset(
    {
        *("fov", "volume", "area", "x", "y", "z", "center_x", "center_y", "min_x", "max_x", "min_y", "max_y"),
        *("anisotropy", "solidity", "perimeter", "transcript_count", "total_counts", "n_counts", "n_genes"),
        *("cell_area", "nucleus_area", "x_centroid", "y_centroid", "sample", "slide", "region", "barcodecount"),
        *("centerx_global_px", "centery_global_px", "centerx_local_px", "centery_local_px"),
    }
)

# what Seurat and scanpy add to the table of cells
MEASUREMENT = re.compile(
    r"^(?:n_?(?:count|feature|genes|umi)s?(?:_.*)?|(?:total_)?(?:counts|umis|transcripts)|(?:log1p_)?total_counts(?:_.*)?"
    r"|(?:pct|percent|fraction)[._].*|leiden.*|louvain.*|seurat_clusters|clusters?(?:_.*)?|ident|orig[._]ident|doublet_score"
    r"|snn_res[._].*)$",
    re.IGNORECASE,
)


def find_one(folder: Path, patterns: Sequence[str]) -> Path | None:
    """Return the file of a folder that matches the first matching pattern, or None.

    Upper and lower case are equal, and hidden files are ignored.

    Raises
    ------
    InputError
        Several files match one pattern: the folder has more than one sample.
    """
    visible = [item for item in folder.iterdir() if not item.name.startswith(".")] if folder.is_dir() else []
    for pattern in patterns:
        matches = re.compile(fnmatch.translate(pattern), re.IGNORECASE).match
        files = sorted(item for item in visible if matches(item.name) and item.exists())
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
    """Read a table of cells from a text table or parquet, compressed or not; identifiers are read as text.

    Columns of row numbers are dropped if another column has the cell identifiers.
    """
    if ".parquet" in file.suffixes:
        with reading(file):
            table = _read_parquet(file)
        table = table.reset_index() if table.index.name else table
    else:
        table = _read_text(file)
    numbered = row_number_columns([str(name) for name in table.columns])
    if numbered:
        logger.info("%s: dropped the row numbers in %s", file.name, ", ".join(map(repr, numbered)))
    return table.drop(columns=numbered)


def _read_text(file: Path) -> pd.DataFrame:
    dialect = dialect_of(file)
    read = cast(
        "Callable[..., pd.DataFrame]",
        partial(pd.read_csv, sep=dialect.separator, encoding=dialect.encoding, decimal=dialect.decimal),
    )
    try:
        with open_text_table(file) as stream:
            header = [str(name) for name in read(stream, nrows=0).columns]
        identifiers = {header[0], *(name for name in header if name.lower() in IDENTIFIERS)}
        with open_text_table(file) as stream:
            return read(stream, dtype=dict.fromkeys(identifiers, str), low_memory=False)
    except (ValueError, OSError) as error:  # ParserError and UnicodeDecodeError are ValueErrors
        raise unreadable(file, error, "not a table") from error


def _read_parquet(file: Path) -> pd.DataFrame:
    import gzip
    from io import BytesIO

    if file.suffix == ".gz":
        return pd.read_parquet(BytesIO(gzip.decompress(file.read_bytes())))
    return pd.read_parquet(file)


def non_gene_columns(header: Sequence[str], metadata: Sequence[str] = ()) -> list[str]:
    """Return the columns of a count table that are not genes: identifiers, row numbers, measurements of cells.

    Parameters
    ----------
    header
        Columns of the count table.
    metadata
        Columns of the table of cells. A column in both tables is not a gene, unless it has the name of one.
    """
    excluded = {name.lower() for name in metadata if name not in known_names()} | NON_GENE_COLUMNS | {*IDENTIFIERS}
    first = identifier_column(header)
    return [
        name
        for name in header
        if name == first
        or is_row_number_name(name)
        or name.strip().lower() in excluded
        or (MEASUREMENT.match(name) and name not in known_names())
    ]


def stream_columns(file: Path, text_columns: Sequence[str]) -> Iterator[tuple[pd.DataFrame, csr_matrix, list[str]]]:
    """Read a text table of counts (cells x genes) block by block.

    Parameters
    ----------
    file
        Text table with a header, compressed or not: identifier columns and one column per gene.
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

    dialect = dialect_of(file)
    header = _unique(dialect.header)
    genes = [name for name in header if name not in text_columns]
    types = {name: pa.string() if name in text_columns else pa.float32() for name in header}
    options = csv.ReadOptions(block_size=BLOCK_BYTES, column_names=header, skip_rows=1, encoding=dialect.encoding)
    parsing = csv.ParseOptions(delimiter=dialect.separator)
    converting = csv.ConvertOptions(column_types=types, decimal_point=dialect.decimal)
    empty = 0
    try:
        with open_text_table(file) as stream:
            for batch in csv.open_csv(stream, read_options=options, parse_options=parsing, convert_options=converting):
                if batch.num_rows:
                    identifiers, values = _split(batch, genes, text_columns)
                    empty += _empty_values(values)
                    yield identifiers, csr_matrix(np.nan_to_num(values)), genes
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise _not_counts(file, str(error), header) from error
    if empty:
        logger.warning(
            "%s: %s read as 0", file.name, number_of(empty, "empty value of a gene", "empty values of genes")
        )


def _empty_values(values: np.ndarray) -> int:
    """Return the number of missing values in lines that have others."""
    missing = np.isnan(values)
    return int(missing[~missing.all(axis=1)].sum())


def _not_counts(file: Path, error: str, header: Sequence[str]) -> InputError:
    """Return the error for a table that pyarrow cannot read as counts."""
    if lengths := re.search(r"Expected (\d+) columns, got (\d+)", error):
        expected, got = lengths.groups()
        return InputError(
            f"{file} has a line of {got} values, expected {expected} as in its header",
            hint="copy the file again: it may be truncated",
        )
    return InputError(
        f"{file} is not a table of counts: {_with_column_name(error, header)}",
        hint="check for text in the columns of genes",
    )


def _with_column_name(error: str, header: Sequence[str]) -> str:
    """Add the name of the column to an error that gives its number."""
    column = re.search(r"CSV column #(\d+)", error)
    return error if column is None else f"column {header[int(column.group(1))]!r}: {error}"


def header_of(file: Path) -> list[str]:
    """Return the column names of a text table, compressed or not."""
    return list(dialect_of(file).header)


def _unique(names: Sequence[str]) -> list[str]:
    """Append a number to repeated names: CD3E, CD3E-1."""
    repeats: dict[str, int] = {}
    unique = []
    for name in names:
        repeats[name] = repeats.get(name, -1) + 1
        unique.append(f"{name}-{repeats[name]}" if repeats[name] else name)
    return unique


def _split(batch: "RecordBatch", genes: list[str], text: Sequence[str]) -> tuple[pd.DataFrame, np.ndarray]:
    frame = {name: batch.column(name).to_pandas() for name in text if name in batch.schema.names}
    values = np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in genes])
    return pd.DataFrame(frame), values


def read_counts(file: Path, text_columns: Sequence[str]) -> tuple[pd.DataFrame, csr_matrix, list[str]]:
    """Read a text table of counts as identifiers, sparse counts (cells x genes) and gene names."""
    blocks = list(stream_columns(file, text_columns))
    if not blocks:
        raise InputError(f"{file} has a header but no cells", hint="export the flat files again")
    identifiers = pd.concat([block[0] for block in blocks], ignore_index=True)
    return identifiers, vstack([block[1] for block in blocks], format="csr"), blocks[0][2]


def note_source(adata: AnnData, *, reader: str, platform: str, unit: str = "", software: str = "") -> AnnData:
    """Store reader, platform, unit of the coordinates and software in uns; anything else there is moved."""
    if SOURCE in adata.uns and not isinstance(adata.uns[SOURCE], Mapping):
        move_entry(adata.uns, SOURCE, "uns")
    adata.uns[SOURCE] = {"reader": reader, "platform": platform, "unit": unit, "software": software}
    return adata
