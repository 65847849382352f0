"""AnnData objects between tasks: from memory or from disk, with and without counts."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialcore.storage import StoredFile
from tasks import anndata_io
from tasks.anndata_io import have_counts, keep_in_memory, read_cells, read_data, view_data, write_cells
from tasks.schemas import CombinedReferences
from tasks.stage_cache import cached_stage


@pytest.fixture(autouse=True)
def _empty_memory() -> None:
    anndata_io._IN_MEMORY.clear()


@pytest.fixture
def cells(rng: np.random.Generator) -> ad.AnnData:
    obs = pd.DataFrame({"cell_type": pd.Categorical(["B", "T"] * 3)}, index=[f"c{n}" for n in range(6)])
    counts = csr_matrix(rng.poisson(1, (6, 4)).astype(np.float32))
    return ad.AnnData(counts, obs, obsm={"spatial": rng.random((6, 2))}, uns={"b": {"y": 1, "x": 2}, "a": "text"})


def stored_file(path: Path) -> StoredFile:
    return StoredFile(uri=str(path), token="1", sha256="2", size=path.stat().st_size if path.exists() else 0)


def test_data_are_read_from_memory_once_and_then_from_disk(any_store: str, cells: ad.AnnData) -> None:
    def write(folder: Path) -> dict[str, Any]:
        cells.write_h5ad(folder / "cells.h5ad")
        keep_in_memory("combine-9", cells)
        return {}

    file = cached_stage(CombinedReferences, any_store, "combine-9", write).files["cells.h5ad"]
    assert read_data(file) is cells
    from_disk = read_data(file)
    assert from_disk is not cells
    assert (from_disk.X != cells.X).nnz == 0


def test_viewing_keeps_data_in_memory_and_only_the_latest_data_remain(tmp_path: Path, cells: ad.AnnData) -> None:
    file = stored_file(tmp_path / "cache" / "read_query-9" / "query.h5ad")
    keep_in_memory("read_query-8", cells.copy())
    keep_in_memory("read_query-9", cells)
    assert list(anndata_io._IN_MEMORY) == ["read_query-9"]
    assert view_data(file) is view_data(file) is read_data(file) is cells


def test_the_next_stage_writes_the_same_bytes_from_memory_and_from_disk(tmp_path: Path, cells: ad.AnnData) -> None:
    folder = tmp_path / "cache" / "annotate-1"
    folder.mkdir(parents=True)
    cells.write_h5ad(folder / "calls.h5ad")
    keep_in_memory("annotate-1", cells)
    for name in ("memory", "disk"):  # the first call removes the data from memory
        read_data(stored_file(folder / "calls.h5ad")).write_h5ad(tmp_path / name)
    assert (tmp_path / "memory").read_bytes() == (tmp_path / "disk").read_bytes()


def test_cells_without_counts(tmp_path: Path, cells: ad.AnnData) -> None:
    write_cells(cells, tmp_path / "cells.h5ad")
    read = read_cells(stored_file(tmp_path / "cells.h5ad"))
    assert read.shape == (6, 0)
    pd.testing.assert_frame_equal(read.obs, cells.obs)
    np.testing.assert_array_equal(read.obsm["spatial"], cells.obsm["spatial"])
    assert read.uns["a"] == "text"


def test_counts_of_another_file_follow_the_order_of_the_cells(tmp_path: Path, cells: ad.AnnData) -> None:
    for name in ("combine-1", "balance-1"):
        (tmp_path / name).mkdir()
    cells.write_h5ad(tmp_path / "combine-1" / "counts.h5ad")
    drawn = cells[[4, 0, 3]].copy()
    drawn.obs["weight"] = [1.0, 2.0, 3.0]
    write_cells(drawn, tmp_path / "balance-1" / "cells.h5ad")
    read = read_cells(
        stored_file(tmp_path / "balance-1" / "cells.h5ad"), stored_file(tmp_path / "combine-1" / "counts.h5ad")
    )
    assert list(read.obs_names) == ["c4", "c0", "c3"]
    np.testing.assert_array_equal(read.X.toarray(), cells.X.toarray()[[4, 0, 3]])
    assert list(read.obs["weight"]) == [1.0, 2.0, 3.0]


def test_which_cells_have_counts_in_a_file_of_all_cells(tmp_path: Path, cells: ad.AnnData) -> None:
    values = np.ones((6, 4), dtype=np.float32)
    values[[1, 4]] = 0
    cells.X = csr_matrix(values)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    some = cells[["c4", "c0", "c1"]].copy()
    assert have_counts(some, stored_file(tmp_path / "cells.h5ad")).tolist() == [False, True, False]
