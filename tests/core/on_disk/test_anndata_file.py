"""Parts of AnnData files, compared with anndata."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialcore.core.normalization import check_normalization_status
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.errors import FileMissingError, InputError, LabelColumnError


@pytest.fixture(scope="module")
def adata() -> ad.AnnData:
    rng = np.random.default_rng(0)
    counts = csr_matrix(rng.poisson(1.0, (40, 6)).astype(np.float32))
    obs = pd.DataFrame({"type": pd.Categorical(["B", "T"] * 20), "n": np.arange(40)})
    full = ad.AnnData(counts, obs=obs.set_axis([f"c{i}" for i in range(40)]), var=pd.DataFrame(index=list("ABCDEF")))
    full.raw = full.copy()
    adata = full[:, :4].copy()
    adata.X = adata.X.log1p()
    adata.uns["note"] = {"text": "x"}
    adata.obsm["spatial"] = rng.uniform(size=(40, 2))
    return adata


@pytest.fixture(params=["a.h5ad", "a.zarr"])
def file(request: pytest.FixtureRequest, adata: ad.AnnData, tmp_path: Path) -> AnnDataFile:
    path = tmp_path / request.param
    adata.write_h5ad(path) if path.suffix == ".h5ad" else adata.write_zarr(path)
    return AnnDataFile(path)


def test_parts_equal_those_of_anndata(file: AnnDataFile, adata: ad.AnnData) -> None:
    rows = np.array([3, 8, 39])
    assert (file.n_obs, file.n_vars, file.obs_columns) == (40, 4, ["type", "n"])
    pd.testing.assert_frame_equal(file.obs(rows), adata.obs.iloc[rows], check_dtype=False, check_categorical=False)
    assert file.labels("type").tolist() == adata.obs["type"].tolist()
    assert file.var_of("X").index.tolist() == list("ABCD")
    assert file.var_of("raw.X").index.tolist() == list("ABCDEF")
    np.testing.assert_array_equal(file.matrix("raw.X").take(rows).toarray(), adata.raw.X[rows].toarray())
    assert file.status() == check_normalization_status(adata)
    assert file.status()["raw_source"] == "raw.X"
    assert file.keys("obsm") == ["spatial"]
    assert file.keys("obsp") == []
    assert file.read("uns/note") == {"text": "x"}
    assert file.read("uns/absent") is None
    file.close()


def test_missing_columns_and_matrices(file: AnnDataFile) -> None:
    with pytest.raises(LabelColumnError, match="Columns: type, n"):
        file.labels("absent")
    with pytest.raises(InputError, match="has no layers/counts"):
        file.matrix("layers/counts")
    file.close()


def test_files_that_cannot_be_read(tmp_path: Path, adata: ad.AnnData) -> None:
    import h5py

    with pytest.raises(FileMissingError):
        AnnDataFile(tmp_path / "absent.h5ad")
    adata.write_h5ad(tmp_path / "a.h5ad")
    with h5py.File(tmp_path / "a.h5ad", "a") as store:
        del store["obs"]
    with pytest.raises(InputError, match="not an AnnData file: obs missing"):
        AnnDataFile(tmp_path / "a.h5ad")
