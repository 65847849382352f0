"""The error for a folder of no supported format names the missing part or what to pass instead."""

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from spatialcore.errors import InputError
from spatialcore.io import identify
from tests.io.bundles import sample, write_cosmx, write_merscope, write_xenium


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as error:
        identify(path)
    return str(error.value)


@pytest.mark.parametrize(
    ("write", "pattern", "words"),
    [
        (write_cosmx, "*metadata_file*", "CosMx flat files without its metadata"),
        (write_cosmx, "*exprMat_file*", "CosMx flat files without its expression matrix"),
        (write_merscope, "cell_metadata*", "MERSCOPE region without its table of cells"),
        (write_merscope, "cell_by_gene*", "MERSCOPE region without its count matrix"),
        (write_xenium, "cells.*", "Xenium output folder without its table of cells"),
    ],
)
def test_a_missing_part_is_named(write: Callable[..., Path], pattern: str, words: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "run", sample(5, 3))
    for file in folder.glob(pattern):
        file.unlink()
    assert words in refusal(folder)


def test_mex_without_barcodes(tmp_path: Path) -> None:
    (tmp_path / "matrix.mtx").write_text("%%MatrixMarket")
    assert "10x MEX folder without its barcodes.tsv" in refusal(tmp_path)


def test_links_without_a_target(tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "run", sample(5, 3))
    (folder / "cell_feature_matrix.h5").unlink()
    (folder / "cell_feature_matrix.h5").symlink_to("/absent/cell_feature_matrix.h5")
    assert "links that lead nowhere: cell_feature_matrix.h5" in refusal(folder)


def test_supported_folders_two_levels_below(tmp_path: Path) -> None:
    write_cosmx(tmp_path / "export" / "flatFiles" / "slide1", sample(5, 3))
    message = refusal(tmp_path / "export")
    assert "slide1 is supported (CosMx flat files): pass it instead" in message
    assert "Supported:" not in message


def test_several_supported_folders_are_listed(tmp_path: Path) -> None:
    for name in ("region_0", "region_1"):
        write_merscope(tmp_path / name, sample(5, 3))
    message = refusal(tmp_path)
    assert "region_0" in message
    assert "region_1 (MERSCOPE region): pass one of them, or each as a query" in message


def test_a_folder_with_one_h5ad_file(tmp_path: Path) -> None:
    ad.AnnData(np.ones((2, 2))).write_h5ad(tmp_path / "mine.h5ad")
    assert "mine.h5ad is supported (AnnData .h5ad): pass it instead" in refusal(tmp_path)


def test_names_in_another_case(tmp_path: Path) -> None:
    folder = write_cosmx(tmp_path / "run", sample(5, 3))
    for file in list(folder.iterdir()):
        file.rename(folder / file.name.upper())
    assert identify(folder).name == "CosMx flat files"
