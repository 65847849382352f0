"""Large matrices remain in their file, and results are the same as for data in memory."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatialcore.annotation.run_config import RunConfig
from spatialcore.core.matrix import is_on_disk
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import NormalizationError
from spatialcore.io import on_disk, read_spatial, write_annotated
from spatialcore.workflow.run import run
from tests.workflow.tissue import query, reference


@pytest.fixture
def all_matrices_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "LARGE", 1)


def counts_in_x() -> ad.AnnData:
    return query(per_type=40)


def counts_in_a_layer() -> ad.AnnData:
    adata = query(per_type=40)
    adata.layers["counts"] = adata.X.copy()
    adata.X = log1p_normalize(adata.X)
    return adata


def counts_in_raw() -> ad.AnnData:
    adata = query(per_type=40)
    adata.raw = adata.copy()
    adata.X = log1p_normalize(adata.X)
    return adata


FORMS = (counts_in_x, counts_in_a_layer, counts_in_raw)


def write(adata: ad.AnnData, path: Path) -> Path:
    adata.write_h5ad(path) if path.suffix == ".h5ad" else adata.write_zarr(path)
    return path


@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
@pytest.mark.parametrize("form", FORMS)
def test_values_remain_in_the_file_and_are_written_unchanged(
    form: object, suffix: str, tmp_path: Path, all_matrices_large: None
) -> None:
    original = form()  # type: ignore[operator]
    path = write(original, tmp_path / f"query{suffix}")
    opened = read_spatial(path, on_disk=True)
    assert is_on_disk(opened.X)
    assert all(is_on_disk(layer) for layer in opened.layers.values())
    opened.obs["cell_type"] = "B cell"
    copied = ad.read_h5ad(write_annotated(opened, tmp_path / "out.h5ad"))
    assert (copied.X != original.X).nnz == 0
    assert set(copied.layers) == set(original.layers)
    assert (copied.obs["cell_type"] == "B cell").all()
    np.testing.assert_array_equal(copied.obsm["spatial"], original.obsm["spatial"])
    if original.raw is not None:
        assert (copied.raw.X != original.raw.X).nnz == 0


def test_small_and_other_matrices_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(counts_in_x(), tmp_path / "query.h5ad")
    assert not is_on_disk(read_spatial(path, on_disk=True).X)
    monkeypatch.setattr(on_disk, "LARGE", 1)
    assert not is_on_disk(read_spatial(path).X)
    for name, convert in (("csc", sparse.csc_matrix), ("dense", lambda X: X.toarray()), ("half", _half)):
        adata = counts_in_x()
        adata.X = convert(adata.X)
        assert not is_on_disk(read_spatial(write(adata, tmp_path / f"{name}.h5ad"), on_disk=True).X)


def _half(X: sparse.csr_matrix) -> np.ndarray:
    return X.toarray().astype(np.float16)


@pytest.mark.parametrize("form", FORMS)
def test_a_run_gives_the_same_files(form: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(form(), tmp_path / "query.h5ad")  # type: ignore[operator]
    reference(per_type=40).write_h5ad(tmp_path / "reference.h5ad")
    results = {}
    for name, limit in (("memory", 10**9), ("disk", 1)):
        monkeypatch.setattr(on_disk, "LARGE", limit)
        config = {
            "queries": [str(tmp_path / "query.h5ad")],
            "references": [f"{tmp_path}/reference.h5ad"],
            "store": f"{tmp_path}/{name}",
        }
        run(RunConfig.from_dict(config))
        results[name] = tmp_path / name / "query"
    in_memory, from_disk = (pd.read_parquet(folder / "calls.parquet") for folder in results.values())
    pd.testing.assert_frame_equal(in_memory, from_disk)
    tables = sorted(path.relative_to(results["memory"]) for path in results["memory"].rglob("*.csv"))
    assert len(tables) > 5
    for table in tables:
        assert (results["memory"] / table).read_bytes() == (results["disk"] / table).read_bytes(), table
    first, second = (ad.read_h5ad(folder / "annotated.h5ad") for folder in results.values())
    assert (first.X != second.X).nnz == 0
    pd.testing.assert_frame_equal(first.obs, second.obs)


def test_values_that_cannot_be_counts_are_refused_before_training(tmp_path: Path, all_matrices_large: None) -> None:
    adata = counts_in_x()
    adata.X.data[len(adata.X.data) // 2] = -1
    write(adata, tmp_path / "query.h5ad")
    reference(per_type=40).write_h5ad(tmp_path / "reference.h5ad")
    config = {"queries": [f"{tmp_path}/query.h5ad"], "references": [f"{tmp_path}/reference.h5ad"]}
    with pytest.raises(NormalizationError, match="negative"):
        run(RunConfig.from_dict({**config, "store": f"{tmp_path}/out"}))
    assert not (tmp_path / "out").exists()
