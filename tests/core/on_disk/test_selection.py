"""Selection of cells with matrices in a file, compared with anndata."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatialcore.core.on_disk.selection import cells_in_memory
from spatialcore.io.on_disk import open_anndata


@pytest.mark.parametrize("on_disk", [True, False])
def test_cells_are_those_of_anndata(on_disk: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = sparse.random(50, 8, 0.4, format="csr", dtype=np.float32, random_state=0)
    adata = ad.AnnData(X, obs=pd.DataFrame({"kind": pd.Categorical(rng.choice(["a", "b"], 50))}))
    adata.layers["counts"], adata.raw = X.copy(), ad.AnnData(X.copy())
    adata.obsm["spatial"], adata.uns["note"] = rng.random((50, 2)), "kept"
    adata.obsm["table"] = pd.DataFrame({"x": rng.random(50)}, index=adata.obs_names)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    rows = np.array([0, 7, 8, 31, 49])
    expected = adata[rows].to_memory()
    selected = cells_in_memory(open_anndata(tmp_path / "cells.h5ad") if on_disk else adata, rows)
    assert (selected.X != expected.X).nnz == 0
    assert (selected.layers["counts"] != expected.layers["counts"]).nnz == 0
    assert (selected.raw.X != expected.raw.X).nnz == 0
    pd.testing.assert_frame_equal(selected.obs, expected.obs, check_categorical=False)
    np.testing.assert_array_equal(selected.obsm["spatial"], expected.obsm["spatial"])
    pd.testing.assert_frame_equal(pd.DataFrame(selected.obsm["table"]), pd.DataFrame(expected.obsm["table"]))
    assert selected.uns["note"] == "kept"
