"""Writing does not change the user's data, whatever the file cannot hold."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.io import write_annotated


def odd_data() -> ad.AnnData:
    obs = pd.DataFrame(
        {"text": ["a", "a"], "mixed": [1, "x"], "number": pd.array([1, None], dtype="Int64")}, ["c", "d"]
    )
    uns: dict[Any, Any] = {"none": None, "nested": {"a": {"b": None, "c": [1, {"d": 2}]}}, "tool": len, 1: "number"}
    layers = {"objects": np.array([[1, 2.5], [0, 3]], dtype=object), "half": np.ones((2, 2), dtype=np.float16)}
    adata = ad.AnnData(np.ones((2, 2), dtype=np.float16), obs, pd.DataFrame(index=["CD4", "CD8A"]), uns, layers=layers)
    adata.raw = ad.AnnData(np.ones((2, 2), dtype=np.float16), obs[[]], pd.DataFrame({"x": [1, "a"]}, ["CD4", "CD8A"]))
    adata.obsm["a/b"] = np.ones((2, 2))
    return adata


@pytest.mark.parametrize("suffix", ["h5ad", "zarr"])
def test_data_in_memory_are_unchanged(suffix: str, tmp_path: Path) -> None:
    adata = odd_data()
    obs, uns, layers, raw_var = adata.obs.copy(), dict(adata.uns), dict(adata.layers), adata.raw.var.copy()
    write_annotated(adata, tmp_path / f"a.{suffix}")
    pd.testing.assert_frame_equal(adata.obs, obs)
    pd.testing.assert_frame_equal(adata.raw.var, raw_var)
    assert dict(adata.uns) == uns
    assert list(adata.obsm) == ["a/b"]
    assert all(adata.layers[name] is matrix for name, matrix in layers.items())
    assert (adata.X.dtype, adata.raw.X.dtype) == (np.float16, np.float16)


def test_nested_entries_and_matrices_of_objects_are_written(tmp_path: Path) -> None:
    write_annotated(odd_data(), tmp_path / "a.h5ad")
    restored = ad.read_h5ad(tmp_path / "a.h5ad")
    assert restored.uns["nested"]["a"]["c"] == '[1, {"d": 2}]'
    np.testing.assert_array_equal(restored.layers["objects"], [[1, 2.5], [0, 3]])
    np.testing.assert_array_equal(restored.obsm["a_b"], np.ones((2, 2)))


def test_data_are_unchanged_if_writing_fails(tmp_path: Path) -> None:
    adata = odd_data()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        write_annotated(adata, tmp_path / "file" / "a.h5ad")
    assert adata.uns["tool"] is len


def test_a_view_stays_a_view(tmp_path: Path) -> None:
    view = odd_data()[:1]
    write_annotated(view, tmp_path / "a.h5ad")
    assert view.is_view
    assert ad.read_h5ad(tmp_path / "a.h5ad").obs_names.tolist() == ["c"]
