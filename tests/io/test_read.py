"""All readers give cells in the order of the matrix, with the instrument's identifiers, counts and coordinates."""

from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatialcore.annotation.spillover.coordinates import coordinate_unit
from spatialcore.errors import InputError
from spatialcore.io import read_spatial
from tests.io.bundles import assert_same, merscope_ids, sample, write_cosmx, write_merscope, write_xenium


def _h5ad(folder: Path, data: anndata.AnnData) -> Path:
    folder.mkdir()
    data.write_h5ad(folder / "a.h5ad")
    return folder / "a.h5ad"


def _anndata_zarr(folder: Path, data: anndata.AnnData) -> Path:
    data.write_zarr(folder / "a.zarr")
    return folder / "a.zarr"


def _tenx_h5(folder: Path, data: anndata.AnnData) -> Path:
    return write_xenium(folder, data) / "cell_feature_matrix.h5"


def _cosmx_named(folder: Path, data: anndata.AnnData) -> Path:
    return write_cosmx(folder, data, named=True, gzipped=True)


def _xenium_zip(folder: Path, data: anndata.AnnData) -> Path:
    return write_xenium(folder, data, matrix="zarr.zip", cells="csv.gz")


NAMES: dict[Callable[..., Path], Callable[[anndata.AnnData], list[str]]] = {
    write_xenium: lambda data: data.obs_names.tolist(),
    _xenium_zip: lambda data: data.obs_names.tolist(),
    write_cosmx: lambda data: [f"{i // 7 + 1}_{i % 7 + 1}" for i in range(data.n_obs)],
    _cosmx_named: lambda data: [f"c_1_{i // 7 + 1}_{i % 7 + 1}" for i in range(data.n_obs)],
    write_merscope: lambda data: merscope_ids(data.n_obs),
    _h5ad: lambda data: data.obs_names.tolist(),
    _anndata_zarr: lambda data: data.obs_names.tolist(),
    _tenx_h5: lambda data: data.obs_names.tolist(),
}


@pytest.mark.parametrize("write", NAMES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n_cells=st.integers(1, 40), n_genes=st.integers(2, 9), seed=st.integers(0, 99))
def test_all_cells_are_read_in_order(
    tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path], n_cells: int, n_genes: int, seed: int
) -> None:
    data = sample(n_cells, n_genes, seed)
    read = read_spatial(write(tmp_path_factory.mktemp("any") / "run", data))
    assert read.obs_names.tolist() == NAMES[write](data)
    assert all(type(name) is str for name in read.obs_names)
    assert (read.X != data.X).nnz == 0
    if write is not _tenx_h5:  # the matrix file has no coordinates
        np.testing.assert_allclose(read.obsm["spatial"], data.obsm["spatial"])


@pytest.mark.parametrize("write", [write_xenium, write_cosmx, write_merscope])
def test_thirty_thousand_cells(tmp_path: Path, write: Callable[..., Path]) -> None:
    data = sample(30_000, 60)
    assert_same(read_spatial(write(tmp_path / "run", data)), data, NAMES[write](data))


def test_toy_bundles(shared: Path) -> None:
    bundles = shared / "data" / "bundles"
    xenium = read_spatial(bundles / "Xenium_small")
    assert xenium.shape == (6, 4)
    assert xenium.obs_names.tolist() == ["1", "2", "3", "4", "5", "6"]
    assert xenium.X.sum() == 21
    np.testing.assert_allclose(xenium.obsm["spatial"][0], [1898.81491699219, 2540.96314697266])
    cosmx = read_spatial(bundles / "CosMx_small")
    assert cosmx.shape == (9, 8)
    assert cosmx["10_7", "ACKR4"].X.sum() == 2
    merscope = read_spatial(bundles / "MERSCOPE_small")
    assert merscope.obs_names[0] == "15589"
    assert merscope.obs.loc["88869", "volume"] == pytest.approx(245.794193)


def test_h5ad_zarr_and_tenx_h5(tmp_path: Path) -> None:
    data = sample(20, 6)
    data.write_h5ad(tmp_path / "a.h5ad")
    data.write_zarr(tmp_path / "a.zarr")
    folder = write_xenium(tmp_path / "run", data)
    for path in (tmp_path / "a.h5ad", tmp_path / "a.zarr", folder / "cell_feature_matrix.h5"):
        read = read_spatial(path)
        assert read.obs_names.tolist() == data.obs_names.tolist()
        assert (read.X != data.X).nnz == 0


def test_a_unit_that_is_not_in_the_file(tmp_path: Path) -> None:
    data = sample(20, 6)
    data.write_h5ad(tmp_path / "a.h5ad")
    assert coordinate_unit(read_spatial(tmp_path / "a.h5ad")) == ""
    for unit, expected in (("um", "µm"), ("px", "px")):
        read = read_spatial(tmp_path / "a.h5ad", unit=unit)
        assert coordinate_unit(read) == expected
        assert read.uns["spatialcore_source"]["reader"] == "h5ad"


@pytest.mark.parametrize("path", ["", " ", None, 12])
def test_what_is_not_a_path_is_refused(path: object) -> None:
    with pytest.raises(InputError, match="expected a file or folder"):
        read_spatial(path)  # type: ignore[arg-type]
