"""h5ad and zarr files: content and size."""

import shutil
from pathlib import Path

import anndata
import h5py
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from spatialcore import columns
from spatialcore.io import (
    read_spatial,
    write_annotated,
)
from spatialcore.io.anndata_files import write_h5ad
from tests.io.bundles import called, sample, write_xenium


def contents(path: Path) -> dict[str, tuple[object, ...]]:
    """Return the content of an HDF5 file: for each path the attributes, the kind and the values."""
    content: dict[str, tuple[object, ...]] = {}

    def add(name: str, node: h5py.Group | h5py.Dataset) -> None:
        attributes = {key: np.asarray(value).tolist() for key, value in node.attrs.items()}
        held = (str(node.dtype), np.asarray(node[()]).tolist()) if isinstance(node, h5py.Dataset) else ()
        content[name] = (attributes, *held)

    with h5py.File(path) as file:
        add("/", file)
        file.visititems(add)
    return content


@pytest.mark.parametrize("kind", ["whole", "view", "backed"])
def test_h5ad_has_the_content_that_anndata_writes(tmp_path: Path, kind: str) -> None:
    adata = called(30)
    adata.layers["dense"] = adata.X.toarray()
    adata.raw = adata.copy()
    adata.obsp["near"] = csr_matrix(np.eye(30))
    adata.uns |= {"number": 3, "nested": {"text": "a", "flags": np.array([True, False])}, "none": np.zeros(0)}
    adata.write_h5ad(tmp_path / "source.h5ad")
    adata = {"whole": adata, "view": adata[5:20, :3]}.get(kind) or anndata.read_h5ad(
        tmp_path / "source.h5ad", backed="r"
    )
    written_file = write_annotated(adata, tmp_path / "written.h5ad")
    adata.write_h5ad(tmp_path / "stock.h5ad")
    assert contents(written_file) == contents(tmp_path / "stock.h5ad")


def test_h5ad_is_smaller_than_with_gzip_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    adata = anndata.AnnData(csr_matrix(rng.poisson(0.2, (4000, 300)).astype(np.float32)))
    adata.obsm["scores"] = rng.normal(size=(4000, 9))
    written_file = write_annotated(adata, tmp_path / "written.h5ad")
    adata.write_h5ad(tmp_path / "stock.h5ad", compression="gzip")
    assert written_file.stat().st_size < (tmp_path / "stock.h5ad").stat().st_size


def test_the_source_is_recorded_in_written_files(tmp_path: Path) -> None:
    adata = read_spatial(write_xenium(tmp_path / "run", sample(5, 3)))
    restored = read_spatial(write_annotated(adata, tmp_path / "a.h5ad"))
    assert restored.uns[columns.SOURCE]["platform"] == "Xenium"


def test_a_full_disk_gives_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage(tmp_path)
    checks = iter([usage.free] * 3)

    def nearly_full(_: object) -> object:
        return usage._replace(free=next(checks, 0))

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    with pytest.raises(OSError, match="No space left on device"):
        write_h5ad(anndata.AnnData(np.random.default_rng(0).random((1000, 200))), tmp_path / "a.h5ad")
    assert capfd.readouterr().err == ""
    assert (tmp_path / "a.h5ad").stat().st_blocks * 512 < 100_000
