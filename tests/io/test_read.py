"""Every reader: all cells, in the matrix's order, named by the instrument's own text, with counts and coordinates."""

from collections.abc import Callable
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatialcore.columns import SOURCE
from spatialcore.errors import FileMissingError, InputError
from spatialcore.io import identify, read_spatial
from tests.io.bundles import merscope_ids, sample, write_cosmx, write_merscope, write_xenium

MATRICES = ["h5", "h5-float", "zarr", "zarr-by-cell", "zarr.zip", "mex"]


def assert_same(seen: anndata.AnnData, made: anndata.AnnData, ids: list[str]) -> None:
    assert seen.obs_names.tolist() == ids
    assert all(type(name) is str for name in seen.obs_names)
    assert seen.var_names.tolist() == made.var_names.tolist()
    assert (seen.X != made.X).nnz == 0
    assert seen.X.dtype == np.float32
    np.testing.assert_allclose(seen.obsm["spatial"], made.obsm["spatial"])


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("cells", ["parquet", "csv.gz"])
def test_xenium_in_every_dress(tmp_path: Path, matrix: str, cells: str) -> None:
    made = sample(57, 12)
    seen = read_spatial(write_xenium(tmp_path / "run", made, matrix=matrix, cells=cells))
    assert_same(seen, made, made.obs_names.tolist())
    assert seen.var["gene_ids"].tolist() == made.var["gene_ids"].tolist()
    assert seen.var["feature_types"].tolist() == made.var["feature_types"].tolist()
    assert seen.uns[SOURCE]["platform"] == "Xenium"
    assert seen.uns[SOURCE]["software"] == "xenium-3.1.0.4"


@pytest.mark.parametrize(("named", "packed"), [(False, False), (True, False), (False, True)])
def test_cosmx(tmp_path: Path, named: bool, packed: bool) -> None:
    made = sample(40, 9)
    seen = read_spatial(write_cosmx(tmp_path / "flat", made, named=named, packed=packed))
    prefix = "c_1_" if named else ""
    assert_same(seen, made, [f"{prefix}{i // 7 + 1}_{i % 7 + 1}" for i in range(40)])
    assert seen.uns[SOURCE]["unit"] == "px"


def test_cosmx_pixels_become_micrometres_where_the_file_settles_their_size(tmp_path: Path) -> None:
    made = sample(10, 4)
    seen = read_spatial(write_cosmx(tmp_path / "flat", made, um=True))
    np.testing.assert_allclose(seen.obsm["spatial"], made.obsm["spatial"] * 0.12028)
    assert seen.uns[SOURCE]["unit"] == "µm"


@pytest.mark.parametrize("first", ["", "cell", "EntityID"])
def test_merscope_keeps_eighteen_digits(tmp_path: Path, first: str) -> None:
    made = sample(30, 5)
    seen = read_spatial(write_merscope(tmp_path / "region_0", made, first=first))
    assert_same(seen, made, merscope_ids(30))


# what each generation of Xenium Onboard Analysis wrote: its identifiers, its kinds of features, its containers
XOA = {
    "xenium-1.0.1": (True, ["Negative Control Codeword"], ["h5", "zarr.zip", "mex"]),
    "xenium-1.3.0.2": (False, ["Unassigned Codeword"], ["h5", "zarr.zip", "mex"]),
    "xenium-2.0.0.10": (False, ["Unassigned Codeword", "Deprecated Codeword"], ["h5", "zarr.zip", "mex"]),
    "xenium-3.1.0.4": (False, ["Genomic Control", "Unassigned Codeword"], ["h5", "zarr.zip", "mex"]),
    "xenium-4.0.1.0": (False, ["Genomic Control", "Deprecated Codeword"], ["h5", "zarr.zip", "zarr-by-cell", "mex"]),
}


@pytest.mark.parametrize("software", XOA)
def test_every_generation_of_xenium(tmp_path: Path, software: str) -> None:
    numbered, kinds, matrices = XOA[software]
    made = sample(23, 10)
    made.var["feature_types"] = ["Gene Expression"] * (10 - len(kinds)) + kinds
    if numbered:
        made.obs["cell_number"] = np.arange(1, 24)
        made.obs_names = [str(number) for number in range(1, 24)]
    for matrix in matrices:
        cells = "csv.gz" if matrix == "mex" else "parquet"
        seen = read_spatial(write_xenium(tmp_path / matrix, made, matrix=matrix, cells=cells, software=software))
        assert_same(seen, made, made.obs_names.tolist())
        assert seen.var["feature_types"].tolist() == made.var["feature_types"].tolist()
        assert seen.uns[SOURCE]["software"] == software


def _h5ad(folder: Path, made: anndata.AnnData) -> Path:
    folder.mkdir()
    made.write_h5ad(folder / "a.h5ad")
    return folder / "a.h5ad"


def _anndata_zarr(folder: Path, made: anndata.AnnData) -> Path:
    made.write_zarr(folder / "a.zarr")
    return folder / "a.zarr"


def _tenx_h5(folder: Path, made: anndata.AnnData) -> Path:
    return write_xenium(folder, made) / "cell_feature_matrix.h5"


def _cosmx_named(folder: Path, made: anndata.AnnData) -> Path:
    return write_cosmx(folder, made, named=True, packed=True)


def _xenium_zip(folder: Path, made: anndata.AnnData) -> Path:
    return write_xenium(folder, made, matrix="zarr.zip", cells="csv.gz")


NAMES: dict[Callable[..., Path], Callable[[anndata.AnnData], list[str]]] = {
    write_xenium: lambda made: made.obs_names.tolist(),
    _xenium_zip: lambda made: made.obs_names.tolist(),
    write_cosmx: lambda made: [f"{i // 7 + 1}_{i % 7 + 1}" for i in range(made.n_obs)],
    _cosmx_named: lambda made: [f"c_1_{i // 7 + 1}_{i % 7 + 1}" for i in range(made.n_obs)],
    write_merscope: lambda made: merscope_ids(made.n_obs),
    _h5ad: lambda made: made.obs_names.tolist(),
    _anndata_zarr: lambda made: made.obs_names.tolist(),
    _tenx_h5: lambda made: made.obs_names.tolist(),
}


@pytest.mark.parametrize("write", NAMES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n_cells=st.integers(1, 40), n_genes=st.integers(2, 9), seed=st.integers(0, 99))
def test_no_cell_is_lost(
    tmp_path_factory: pytest.TempPathFactory, write: Callable[..., Path], n_cells: int, n_genes: int, seed: int
) -> None:
    made = sample(n_cells, n_genes, seed)
    seen = read_spatial(write(tmp_path_factory.mktemp("any") / "run", made))
    assert seen.obs_names.tolist() == NAMES[write](made)
    assert all(type(name) is str for name in seen.obs_names)
    assert (seen.X != made.X).nnz == 0
    if write is not _tenx_h5:  # the matrix alone has no places
        np.testing.assert_allclose(seen.obsm["spatial"], made.obsm["spatial"])


@pytest.mark.parametrize("write", [write_cosmx, write_merscope])
def test_a_table_read_in_many_blocks_is_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path]
) -> None:
    made = sample(500, 40)
    folder = write(tmp_path / "run", made)
    monkeypatch.setattr("spatialcore.io.flat_files.BLOCK_BYTES", 3_000)
    assert_same(read_spatial(folder), made, NAMES[write](made))


@pytest.mark.parametrize("write", [write_xenium, write_cosmx, write_merscope])
def test_thirty_thousand_cells(tmp_path: Path, write: Callable[..., Path]) -> None:
    made = sample(30_000, 60)
    assert_same(read_spatial(write(tmp_path / "run", made)), made, NAMES[write](made))


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
    made = sample(20, 6)
    made.write_h5ad(tmp_path / "a.h5ad")
    made.write_zarr(tmp_path / "a.zarr")
    folder = write_xenium(tmp_path / "run", made)
    for path in (tmp_path / "a.h5ad", tmp_path / "a.zarr", folder / "cell_feature_matrix.h5"):
        seen = read_spatial(path)
        assert seen.obs_names.tolist() == made.obs_names.tolist()
        assert (seen.X != made.X).nnz == 0


def test_the_format_is_named(tmp_path: Path) -> None:
    made = sample(5, 3)
    assert identify(write_xenium(tmp_path / "x", made)).name == "Xenium output folder"
    assert identify(write_cosmx(tmp_path / "c", made)).name == "CosMx flat files"
    assert identify(write_merscope(tmp_path / "m", made)).name == "MERSCOPE region"


def test_an_unknown_folder_lists_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError) as caught:
        read_spatial(tmp_path)
    message = str(caught.value)
    for wanted in ("notes.txt", "cells.parquet", "exprMat_file.csv", "cell_by_gene.csv", ".h5ad", "spatialdata"):
        assert wanted in message


def test_the_folder_above_points_at_the_one_to_pass(tmp_path: Path) -> None:
    region = write_merscope(tmp_path / "run" / "region_1", sample(5, 3))
    with pytest.raises(InputError, match="region_1 is a MERSCOPE region: pass that"):
        read_spatial(region.parent)


def test_a_missing_path_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        read_spatial(tmp_path / "absent")


def test_two_samples_in_a_folder_are_refused(tmp_path: Path) -> None:
    folder = write_cosmx(tmp_path / "flat", sample(9, 3))
    (folder / "Run2_exprMat_file.csv").write_bytes((folder / "Run1_exprMat_file.csv").read_bytes())
    with pytest.raises(InputError, match="one sample to a folder"):
        read_spatial(folder)


def test_files_of_two_samples_are_refused(tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "run", sample(9, 3, seed=1))
    other = write_xenium(tmp_path / "other", sample(9, 3, seed=2))
    (folder / "cells.parquet").write_bytes((other / "cells.parquet").read_bytes())
    with pytest.raises(InputError, match="same sample"):
        read_spatial(folder)


def test_a_doubled_identifier_is_refused(tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region", sample(4, 3))
    lines = (folder / "cell_by_gene.csv").read_text().splitlines()
    (folder / "cell_by_gene.csv").write_text("\n".join([*lines, lines[1]]) + "\n")
    with pytest.raises(InputError, match="occur twice"):
        read_spatial(folder)


def test_a_truncated_matrix_is_refused(tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "run", sample(9, 3))
    with h5py.File(folder / "cell_feature_matrix.h5", "a") as store:
        whole = store["matrix/indptr"][:]
        del store["matrix/indptr"]
        store["matrix/indptr"] = whole[:-1]
    with pytest.raises(InputError, match="damaged"):
        read_spatial(folder)


def test_text_among_the_counts_is_refused(tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region", sample(4, 3))
    text = (folder / "cell_by_gene.csv").read_text().splitlines()
    text[2] = text[2].rsplit(",", 1)[0] + ",many"
    (folder / "cell_by_gene.csv").write_text("\n".join(text))
    with pytest.raises(InputError, match="not a table of counts"):
        read_spatial(folder)


def test_a_cell_without_metadata_stays_and_has_no_place(tmp_path: Path) -> None:
    made = sample(6, 3)
    folder = write_xenium(tmp_path / "run", made)
    table = pd.read_parquet(folder / "cells.parquet")
    table[table["cell_id"] != made.obs_names[2]].to_parquet(folder / "cells.parquet")
    seen = read_spatial(folder)
    assert seen.n_obs == 6
    assert np.isnan(seen.obsm["spatial"][2]).all()
    assert not np.isnan(np.delete(seen.obsm["spatial"], 2, axis=0)).any()


def test_bytes_as_identifiers_are_text(tmp_path: Path) -> None:
    made = sample(6, 3)
    folder = write_xenium(tmp_path / "run", made)
    table = pd.read_parquet(folder / "cells.parquet")
    table["cell_id"] = table["cell_id"].str.encode("ascii")
    table.to_parquet(folder / "cells.parquet")
    assert read_spatial(folder).obs_names.tolist() == made.obs_names.tolist()


def test_doubled_gene_names_are_told_apart(tmp_path: Path) -> None:
    made = sample(6, 4)
    made.var_names = ["A", "A", "B", "C"]
    seen = read_spatial(write_xenium(tmp_path / "run", made))
    assert seen.var_names.is_unique
    assert seen.var["gene_ids"].is_unique


def test_protein_of_a_mixed_run_is_taken_off_its_fixed_point_scale(tmp_path: Path) -> None:
    made = sample(6, 4)
    made.var["feature_types"] = ["Gene Expression", "Gene Expression", "Gene Expression", "Protein Expression"]
    folder = write_xenium(tmp_path / "run", made)
    with h5py.File(folder / "cell_feature_matrix.h5", "a") as store:
        store.attrs["protein_scaling_factor"] = 100.0
    seen = read_spatial(folder).X.toarray()
    np.testing.assert_array_equal(seen[:, :3], made.X.toarray()[:, :3])
    np.testing.assert_allclose(seen[:, 3], made.X.toarray()[:, 3] / 100, rtol=1e-6)
