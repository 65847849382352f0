"""Files of no supported format are described by their content."""

from pathlib import Path

import h5py
import pytest

from spatialcore.core.on_disk.file_content import other_content


@pytest.mark.parametrize(
    ("name", "content", "kind", "hint"),
    [
        ("cells.h5ad", b"", "empty", "again"),
        ("cells.h5ad", b"\n<!DOCTYPE html><html><body>404", "a web page", "login"),
        ("cells.h5ad", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS", "git lfs pull"),
        ("cells.h5ad", "tést".encode(), "a text that begins with 'tést'", "output folder"),
        ("counts.csv", b"cell,CD3E\nc1,2\n", "a text table", "read_csv"),
        ("run.tar.gz", b"\x1f\x8b", "an archive", "unpack run.tar.gz"),
        ("cells.h5ad.gz", b"\x1f\x8b", "a compressed file", "gunzip cells.h5ad.gz"),
        ("cells.rds", b"\x1f\x8b", "an R file", "anndataR"),
    ],
)
def test_files(name: str, content: bytes, kind: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    described = other_content(tmp_path / name)
    assert described is not None
    assert kind in described[0]
    assert hint in described[1]


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        (("matrix", "row_attrs", "col_attrs"), "a loom file"),
        (("barcode_idx", "feature_idx", "umi"), "the molecules of a 10x run"),
        (("geneExp",), ".gef file of Stereo-seq"),
        (("a", "b"), "an HDF5 file of another program, with the parts a, b"),
    ],
)
def test_hdf5_files(parts: tuple[str, ...], kind: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for part in parts:
            file.create_group(part)
    described = other_content(tmp_path / "a.h5")
    assert described is not None
    assert kind in described[0]


def test_binary_content_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    assert other_content(tmp_path / "a.bin") is None
