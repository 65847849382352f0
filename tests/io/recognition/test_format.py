"""A format reads its files; damaged parts give an error that names the file."""

from pathlib import Path

import pandas as pd
import pytest

from spatialcore.errors import InputError
from spatialcore.io import read_spatial
from tests.io.bundles import sample, write_xenium


@pytest.mark.parametrize("name", ["cells.parquet", "cell_feature_matrix.h5"])
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_truncated_parts_of_a_folder(name: str, share: float, tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "run", sample(50, 20))
    file = folder / name
    assert file.is_file()
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=rf"{name} cannot be read: damaged") as error:
        read_spatial(folder)
    assert "truncated" in error.value.hint


def test_a_part_that_is_another_file(tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "run", sample(50, 20))
    (folder / "cells.parquet").write_text("<html>login</html>")
    with pytest.raises(InputError, match=r"cells\.parquet cannot be read"):
        read_spatial(folder)


def test_mex_without_values(tmp_path: Path) -> None:
    (tmp_path / "matrix.mtx").write_text("%%MatrixMarket matrix coordinate integer general\n2 3 4\n1 1 5\n")
    pd.Series(["a", "b", "c"]).to_csv(tmp_path / "barcodes.tsv", header=False, index=False)
    (tmp_path / "features.tsv").write_text("ENSG1\tCD3E\nENSG2\tCD4\n")
    with pytest.raises(InputError, match="cannot be read: damaged"):
        read_spatial(tmp_path)
