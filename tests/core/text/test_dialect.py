"""Text tables in every encoding, separator, decimal mark and compression."""

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialcore.core.text.dialect import Dialect, dialect_of, open_text_table, table_names
from spatialcore.errors import InputError

TABLE = "cell,CD3E,x\n1,2,3.5\n"
COLUMNS = ("cell", "CD3E", "x")


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        (TABLE, "utf-8", Dialect("utf-8-sig", ",", ".", COLUMNS)),
        (TABLE, "utf-8-sig", Dialect("utf-8-sig", ",", ".", COLUMNS)),
        (TABLE.replace("\n", "\r\n"), "utf-8", Dialect("utf-8-sig", ",", ".", COLUMNS)),
        (TABLE.replace(",", ";"), "utf-8", Dialect("utf-8-sig", ";", ".", COLUMNS)),
        (TABLE.replace(",", "\t"), "utf-8", Dialect("utf-8-sig", "\t", ".", COLUMNS)),
        (TABLE.replace(",", ";").replace(".", ","), "utf-8", Dialect("utf-8-sig", ";", ",", COLUMNS)),
        (TABLE, "utf-16", Dialect("utf-16", ",", ".", COLUMNS)),
        (TABLE.replace("x", "µm"), "latin-1", Dialect("latin-1", ",", ".", ("cell", "CD3E", "µm"))),
        ('"cell","a,b"\n1,2\n', "utf-8", Dialect("utf-8-sig", ",", ".", ("cell", "a,b"))),
    ],
)
def test_the_dialect_is_read_from_the_first_lines(text: str, encoding: str, expected: Dialect, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(text.encode(encoding))
    assert dialect_of(file) == expected


@pytest.mark.parametrize(("extension", "opener"), [(".gz", gzip.open), (".bz2", bz2.open)])
def test_compressed_tables(extension: str, opener: Callable[..., gzip.GzipFile], tmp_path: Path) -> None:
    file = tmp_path / f"table.csv{extension}"
    with opener(file, "wb") as out:
        out.write(TABLE.encode())
    assert dialect_of(file).header == COLUMNS
    with open_text_table(file) as stream:
        assert stream.read() == TABLE.encode()


@pytest.mark.parametrize("content", [b"", b"one column\n1\n", b"\x00\x01,\x02\n", b"\x1f\x8b,not gzip"])
def test_other_files(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"table\.csv"):
        dialect_of(file)


def test_damaged_compression(tmp_path: Path) -> None:
    file = tmp_path / "table.csv.gz"
    file.write_bytes(gzip.compress(TABLE.encode() * 1000)[:60])
    with pytest.raises(InputError, match="copy or download the file again"):
        dialect_of(file)


def test_names_of_tables() -> None:
    names = table_names("*exprMat_file")
    assert names[0] == "*exprMat_file.csv"
    assert "*exprMat_file.csv.gz" in names
    assert "*exprMat_file.tsv.bz2" in names
