"""How a text table is written: encoding, separator, decimal mark and compression."""

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from spatialcore.core.on_disk.system_errors import unreadable
from spatialcore.errors import InputError

SEPARATORS: Final = ",;\t"
TEXT_TABLES: Final = (".csv", ".tsv", ".txt")
COMPRESSED: Final = ("", ".gz", ".bz2", ".zst")
HEADER_BYTES: Final = 1 << 22
_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECIMAL_COMMA: Final = re.compile(r"^-?\d+,\d+$")


@dataclass(frozen=True)
class Dialect:
    """Encoding, separator, decimal mark and column names of a text table."""

    encoding: str
    separator: str
    decimal: str
    header: tuple[str, ...]


def open_text_table(file: Path) -> IO[bytes]:
    """Open a table for reading; .gz, .bz2 and .zst are decompressed."""
    import pyarrow as pa

    stream: IO[bytes] = pa.input_stream(str(file), compression="detect")
    return stream


def dialect_of(file: Path) -> Dialect:
    """Return the dialect of a table from its first lines.

    Raises
    ------
    InputError
        The file cannot be decompressed, is not text, or its first line has one column only.
    """
    try:
        with open_text_table(file) as stream:
            start = stream.read(HEADER_BYTES)
        encoding = _encoding(start)
        lines = start.decode(encoding, errors="ignore").splitlines()[:3]
    except OSError as error:
        raise unreadable(file, error) from error
    first = lines[0] if lines else ""
    separator = max(SEPARATORS, key=first.count)
    if separator not in first or not first.replace("\t", " ").isprintable():
        raise InputError(
            f"{file} is not a table: its first line has no comma, semicolon or tab between names",
            hint="copy the file again: it may be truncated",
        )
    header, *rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
    decimal = "," if any(_DECIMAL_COMMA.match(value) for row in rows for value in row) else "."
    return Dialect(encoding, separator, decimal if separator != "," else ".", tuple(header))


def _encoding(start: bytes) -> str:
    if start.startswith(_BYTE_ORDER_MARKS):
        return "utf-16"
    try:
        start[:HEADER_BYTES].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # not a character that the last byte cuts
            return "latin-1"
    return "utf-8-sig"


def table_names(stem: str) -> tuple[str, ...]:
    """Return the patterns of a text table: every extension and compression."""
    return tuple(f"{stem}{extension}{packed}" for extension in TEXT_TABLES for packed in COMPRESSED)
