"""Detection of formats, and the error for unknown ones."""

from pathlib import Path

import pytest

from spatialcore.errors import FileMissingError, InputError
from spatialcore.io import identify, read_spatial
from tests.io.bundles import sample, write_cosmx, write_merscope, write_xenium


def test_format_names(tmp_path: Path) -> None:
    data = sample(5, 3)
    assert identify(write_xenium(tmp_path / "x", data)).name == "Xenium output folder"
    assert identify(write_cosmx(tmp_path / "c", data)).name == "CosMx flat files"
    assert identify(write_merscope(tmp_path / "m", data)).name == "MERSCOPE region"


def test_unknown_folder_lists_supported_formats(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError) as error:
        read_spatial(tmp_path)
    message = str(error.value)
    for expected in ("notes.txt", "cells.parquet", "exprMat_file.csv", "cell_by_gene.csv", ".h5ad", "spatialdata"):
        assert expected in message


def test_hint_names_a_supported_subfolder(tmp_path: Path) -> None:
    region = write_merscope(tmp_path / "run" / "region_1", sample(5, 3))
    with pytest.raises(InputError, match=r"region_1 is supported \(MERSCOPE region\): pass it instead"):
        read_spatial(region.parent)


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        read_spatial(tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("run.zip", "unpack run.zip"),
        ("run.tar.gz", "unpack run.tar.gz"),
        ("cells.h5ad.gz", "gunzip cells.h5ad.gz"),
        ("cells.loom", "read_loom"),
        ("cells.rds", "anndataR"),
    ],
)
def test_hint_for_an_archive_or_another_file(name: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"content")
    with pytest.raises(InputError) as error:
        identify(tmp_path / name)
    assert hint in str(error.value)


def test_hint_for_archives_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "cell_by_gene.csv.zip").write_bytes(b"content")
    with pytest.raises(InputError, match=r"unpack cell_by_gene\.csv\.zip"):
        identify(tmp_path)
