from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation.run_config import Reference, RunConfig
from spatialcore.core.files import require_writable
from spatialcore.errors import FileMissingError, InputError, LabelColumnError, StorageError
from spatialcore.workflow.requirements import require_run, short_name
from tests.io.bundles import sample, write_merscope


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    obs = pd.DataFrame({"cell_type": ["B", "T", "T"]}, index=["a", "b", "c"])
    path = tmp_path / "cells.h5ad"
    anndata.AnnData(np.ones((3, 2), np.float32), obs=obs).write_h5ad(path)
    return path


def config(cells: Path, store: Path, column: str = "cell_type") -> RunConfig:
    return RunConfig.model_validate(
        {
            "queries": [{"uri": str(cells)}],
            "references": [{"uri": str(cells), "label_column": column}],
            "store": str(store),
            "tissue": "lung",
        }
    )


def test_complete_run_passes(cells: Path, tmp_path: Path) -> None:
    require_run(config(cells, tmp_path / "new" / "store"))
    assert not (tmp_path / "new").exists()


def test_missing_label_column_lists_the_columns(cells: Path, tmp_path: Path) -> None:
    with pytest.raises(LabelColumnError, match=r"'cell_typ' in cells\.h5ad\. Columns: cell_type"):
        require_run(config(cells, tmp_path, column="cell_typ"))


def test_a_platform_folder_is_not_a_reference(cells: Path, tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region", sample(4, 3))
    with pytest.raises(InputError, match=r"MERSCOPE region: references are \.h5ad"):
        require_run(config(cells, tmp_path).model_copy(update={"references": [Reference(uri=str(folder))]}))


def test_missing_query(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        require_run(config(tmp_path / "absent.h5ad", tmp_path))


def test_store_below_a_file(cells: Path) -> None:
    with pytest.raises(StorageError, match=r"cells\.h5ad is a file, expected a folder"):
        require_writable(cells / "store")


def test_short_name() -> None:
    assert short_name("s3://bucket/folder/cells.h5ad") == "cells.h5ad"
    assert short_name("s3://bucket/folder.zarr/") == "folder.zarr"
    assert short_name("cells.h5ad") == "cells.h5ad"
