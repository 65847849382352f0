"""AnnData objects between tasks: from memory or from disk, with and without counts."""

from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialcore.core.matrix import is_on_disk
from spatialcore.core.normalization import log1p_normalize
from spatialcore.io import on_disk
from spatialcore.storage import StoredFile
from tasks import anndata_io
from tasks.anndata_io import (
    have_counts,
    read_calls,
    read_cells,
    take_query,
    write_calls,
    write_cells,
    write_counts,
    write_query,
)
from tasks.in_memory import LatestResult
from tasks.schemas import QueryCells
from tasks.stage_cache import cached_stage


@pytest.fixture(autouse=True)
def _empty_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anndata_io, "QUERY", LatestResult())
    monkeypatch.setattr(anndata_io, "REFERENCES", LatestResult())


@pytest.fixture
def cells(rng: np.random.Generator) -> ad.AnnData:
    obs = pd.DataFrame({"cell_type": pd.Categorical(["B", "T"] * 3)}, index=[f"c{n}" for n in range(6)])
    counts = csr_matrix(rng.poisson(1, (6, 4)).astype(np.float32))
    return ad.AnnData(counts, obs, obsm={"spatial": rng.random((6, 2))}, uns={"b": {"y": 1, "x": 2}, "a": "text"})


def stored_file(path: Path) -> StoredFile:
    return StoredFile(uri=str(path), token="1", sha256="2", size=path.stat().st_size if path.exists() else 0)


def test_data_are_read_from_memory_once_and_then_from_disk(any_store: str, cells: ad.AnnData) -> None:
    def write(folder: Path) -> dict[str, Any]:
        anndata_io.QUERY.keep("read_query-9", write_query(cells, folder / "cells.h5ad"))
        return {}

    file = cached_stage(QueryCells, any_store, "read_query-9", write).files["cells.h5ad"]
    assert take_query(file) is cells
    from_disk = take_query(file)
    assert from_disk is not cells
    assert (from_disk.X != cells.X).nnz == 0


@pytest.mark.parametrize("source", ["memory", "file"])
def test_a_large_query_stays_in_the_file_that_was_written(
    source: str, tmp_path: Path, cells: ad.AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_disk, "LARGE", 1)
    counts = cells.X.copy()
    cells.layers["counts"], cells.raw = counts, cells.copy()
    cells.raw.varm["loadings"] = np.ones((4, 1))
    cells.write_h5ad(tmp_path / "source.h5ad")
    query = cells.copy() if source == "memory" else on_disk.open_anndata(tmp_path / "source.h5ad")
    written = write_query(query, tmp_path / "query.h5ad")
    (tmp_path / "source.h5ad").unlink()
    for data in (written, take_query(stored_file(tmp_path / "query.h5ad"))):
        for matrix in (data.X, data.layers["counts"], data.raw.X):
            assert is_on_disk(matrix)
            assert Path(matrix.group.file.filename) == tmp_path / "query.h5ad"
            assert (matrix.to_memory() != counts).nnz == 0
        assert data.raw.varm["loadings"].shape == (4, 1)
        assert list(data.raw.obs_names) == list(cells.obs_names)


def test_only_large_matrices_of_a_query_are_compressed(
    tmp_path: Path, cells: ad.AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compression(path: Path) -> list[str | None]:
        with h5py.File(path) as file:
            return [file[name].compression for name in ("X/data", "obsm/spatial", "obs/cell_type/codes")]

    write_query(cells.copy(), tmp_path / "small.h5ad")
    monkeypatch.setattr(on_disk, "LARGE", 1)
    write_query(cells.copy(), tmp_path / "large.h5ad")
    assert compression(tmp_path / "small.h5ad") == [None, None, None]
    assert compression(tmp_path / "large.h5ad") == ["gzip", None, None]


def test_the_next_stage_writes_the_same_bytes_from_memory_and_from_disk(tmp_path: Path, cells: ad.AnnData) -> None:
    folder = tmp_path / "cache" / "annotate-1"
    folder.mkdir(parents=True)
    cells.write_h5ad(folder / "calls.h5ad")
    anndata_io.QUERY.keep("annotate-1", cells)
    for name in ("memory", "disk"):  # the first call removes the data from memory
        take_query(stored_file(folder / "calls.h5ad")).write_h5ad(tmp_path / name)
    assert (tmp_path / "memory").read_bytes() == (tmp_path / "disk").read_bytes()


def test_cells_without_counts(tmp_path: Path, cells: ad.AnnData) -> None:
    write_cells(cells, tmp_path / "cells.h5ad")
    read = read_cells(stored_file(tmp_path / "cells.h5ad"))
    assert read.shape == (6, 0)
    pd.testing.assert_frame_equal(read.obs, cells.obs)
    np.testing.assert_array_equal(read.obsm["spatial"], cells.obsm["spatial"])
    assert read.uns["a"] == "text"
    pd.testing.assert_frame_equal(ad.read_h5ad(tmp_path / "cells.h5ad").obs, read.obs)


def test_texts_are_written_as_categories(tmp_path: Path, cells: ad.AnnData) -> None:
    cells.obs["text"] = ["b", "a"] * 3
    for name in ("cells", "view"):
        write_cells(cells if name == "cells" else cells[:], tmp_path / f"{name}.h5ad")
        read = read_cells(stored_file(tmp_path / f"{name}.h5ad"))
        assert list(read.obs["text"].cat.categories) == ["a", "b"]
        assert list(read.obs["text"]) == ["b", "a"] * 3
    assert cells.obs["text"].dtype == object


def test_a_query_with_its_calls(tmp_path: Path, cells: ad.AnnData) -> None:
    files = [stored_file(tmp_path / name / "cells.h5ad") for name in ("annotate-1", "read_query-1")]
    for file in files:
        Path(file.uri).parent.mkdir()
    write_query(cells, Path(files[1].uri))
    called = cells.copy()
    called.obs["call"] = pd.Categorical(["B"] * 6)
    write_calls(called, Path(files[0].uri))
    anndata_io.QUERY.keep("annotate-1", called)
    assert read_calls(*files) is called
    from_disk = read_calls(*files)
    pd.testing.assert_frame_equal(from_disk.obs, called.obs)
    assert (from_disk.X != cells.X).nnz == 0
    with h5py.File(files[0].uri) as file:
        assert b"c5" not in file["obs/_index"][:].tolist()
    write_cells(called, Path(files[0].uri))  # as earlier versions did
    pd.testing.assert_frame_equal(read_calls(*files).obs, called.obs)


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_counts_of_the_references_follow_the_order_of_the_cells(place: str, tmp_path: Path, cells: ad.AnnData) -> None:
    for name in ("combine-1", "balance-1"):
        (tmp_path / name).mkdir()
    combined = ad.AnnData(log1p_normalize(cells.X), cells.obs, layers={"counts": cells.X})
    written = write_counts(combined, tmp_path / "combine-1" / "counts.h5ad")
    if place == "memory":
        anndata_io.REFERENCES.keep("combine-1", written)
    drawn = cells[[4, 0, 3]].copy()
    drawn.obs["weight"] = [1.0, 2.0, 3.0]
    write_cells(drawn, tmp_path / "balance-1" / "cells.h5ad")
    read = read_cells(
        stored_file(tmp_path / "balance-1" / "cells.h5ad"), stored_file(tmp_path / "combine-1" / "counts.h5ad")
    )
    assert list(read.obs_names) == ["c4", "c0", "c3"]
    assert list(read.var_names) == list(cells.var_names)
    np.testing.assert_array_equal(read.layers["counts"].toarray(), cells.X.toarray()[[4, 0, 3]])
    np.testing.assert_array_equal(read.X.toarray(), combined.X.toarray()[[4, 0, 3]])
    np.testing.assert_array_equal(read.obsm["spatial"], cells.obsm["spatial"][[4, 0, 3]])
    assert list(read.obs["weight"]) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]])
def test_counts_of_all_cells_are_copied_only_in_another_order(
    order: list[int], tmp_path: Path, cells: ad.AnnData
) -> None:
    (tmp_path / "combine-1").mkdir()
    combined = ad.AnnData(log1p_normalize(cells.X), cells.obs, layers={"counts": cells.X})
    written = write_counts(combined, tmp_path / "combine-1" / "counts.h5ad")
    anndata_io.REFERENCES.keep("combine-1", written)
    write_cells(cells[order], tmp_path / "cells.h5ad")
    read = read_cells(stored_file(tmp_path / "cells.h5ad"), stored_file(tmp_path / "combine-1" / "counts.h5ad"))
    assert (read.layers["counts"] is written.layers["counts"]) == (order[0] == 0)
    np.testing.assert_array_equal(read.layers["counts"].toarray(), cells.X.toarray()[order])


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_which_cells_have_counts_in_a_file_of_all_cells(place: str, tmp_path: Path, cells: ad.AnnData) -> None:
    values = np.ones((6, 4), dtype=np.float32)
    values[[1, 4]] = 0
    cells.layers["counts"] = csr_matrix(values)
    (tmp_path / "combine-1").mkdir()
    written = write_counts(cells, tmp_path / "combine-1" / "cells.h5ad")
    if place == "memory":
        anndata_io.REFERENCES.keep("combine-1", written)
    some = cells[["c4", "c0", "c1"]].copy()
    assert have_counts(some, stored_file(tmp_path / "combine-1" / "cells.h5ad")).tolist() == [False, True, False]
