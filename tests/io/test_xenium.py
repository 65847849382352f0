"""Xenium output folders: all versions and containers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatialcore.columns import SOURCE
from spatialcore.errors import InputError
from spatialcore.io import read_spatial
from tests.io.bundles import assert_same, sample, write_xenium

MATRICES = ["h5", "h5-float", "zarr", "zarr-by-cell", "zarr.zip", "mex"]


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("cells", ["parquet", "csv.gz"])
def test_all_containers(tmp_path: Path, matrix: str, cells: str) -> None:
    data = sample(57, 12)
    read = read_spatial(write_xenium(tmp_path / "run", data, matrix=matrix, cells=cells))
    assert_same(read, data, data.obs_names.tolist())
    assert read.var["gene_ids"].tolist() == data.var["gene_ids"].tolist()
    assert read.var["feature_types"].tolist() == data.var["feature_types"].tolist()
    assert read.uns[SOURCE]["platform"] == "Xenium"
    assert read.uns[SOURCE]["software"] == "xenium-3.1.0.4"


# the identifiers, kinds of features and containers of each generation of Xenium Onboard Analysis
XOA = {
    "xenium-1.0.1": (True, ["Negative Control Codeword"], ["h5", "zarr.zip", "mex"]),
    "xenium-1.3.0.2": (False, ["Unassigned Codeword"], ["h5", "zarr.zip", "mex"]),
    "xenium-2.0.0.10": (False, ["Unassigned Codeword", "Deprecated Codeword"], ["h5", "zarr.zip", "mex"]),
    "xenium-3.1.0.4": (False, ["Genomic Control", "Unassigned Codeword"], ["h5", "zarr.zip", "mex"]),
    "xenium-4.0.1.0": (False, ["Genomic Control", "Deprecated Codeword"], ["h5", "zarr.zip", "zarr-by-cell", "mex"]),
}


@pytest.mark.parametrize("software", XOA)
def test_all_versions_of_xenium_onboard_analysis(tmp_path: Path, software: str) -> None:
    numbered, kinds, matrices = XOA[software]
    data = sample(23, 10)
    data.var["feature_types"] = ["Gene Expression"] * (10 - len(kinds)) + kinds
    if numbered:
        data.obs["cell_number"] = np.arange(1, 24)
        data.obs_names = [str(number) for number in range(1, 24)]
    for matrix in matrices:
        cells = "csv.gz" if matrix == "mex" else "parquet"
        read = read_spatial(write_xenium(tmp_path / matrix, data, matrix=matrix, cells=cells, software=software))
        assert_same(read, data, data.obs_names.tolist())
        assert read.var["feature_types"].tolist() == data.var["feature_types"].tolist()
        assert read.uns[SOURCE]["software"] == software


def test_matrix_and_cells_of_different_samples(tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "run", sample(9, 3, seed=1))
    other = write_xenium(tmp_path / "other", sample(9, 3, seed=2))
    (folder / "cells.parquet").write_bytes((other / "cells.parquet").read_bytes())
    with pytest.raises(InputError, match="same sample"):
        read_spatial(folder)


def test_a_cell_without_metadata_has_no_coordinates(tmp_path: Path) -> None:
    data = sample(6, 3)
    folder = write_xenium(tmp_path / "run", data)
    table = pd.read_parquet(folder / "cells.parquet")
    table[table["cell_id"] != data.obs_names[2]].to_parquet(folder / "cells.parquet")
    read = read_spatial(folder)
    assert read.n_obs == 6
    assert np.isnan(read.obsm["spatial"][2]).all()
    assert not np.isnan(np.delete(read.obsm["spatial"], 2, axis=0)).any()


def test_identifiers_stored_as_bytes(tmp_path: Path) -> None:
    data = sample(6, 3)
    folder = write_xenium(tmp_path / "run", data)
    table = pd.read_parquet(folder / "cells.parquet")
    table["cell_id"] = table["cell_id"].str.encode("ascii")
    table.to_parquet(folder / "cells.parquet")
    assert read_spatial(folder).obs_names.tolist() == data.obs_names.tolist()
