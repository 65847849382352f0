"""Write output folders of platforms in the formats of their software versions."""

import gzip
import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import zarr
from anndata import AnnData
from scipy.io import mmwrite
from scipy.sparse import csr_matrix
from zarr.storage import LocalStore

from spatialcore import columns

LETTERS = "abcdefghijklmnop"
CONTROL = {
    "Gene Expression": "gene",
    "Negative Control Probe": "negative_control_probe",
    "Negative Control Codeword": "negative_control_codeword",
    "Unassigned Codeword": "unassigned_codeword",
    "Deprecated Codeword": "deprecated_codeword",
    "Genomic Control": "genomic_control",
}


def assert_same(read: AnnData, expected: AnnData, ids: list[str]) -> None:
    """Check that cells, features, counts and coordinates are equal, and that the cells have these names."""
    assert read.obs_names.tolist() == ids
    assert all(type(name) is str for name in read.obs_names)
    assert read.var_names.tolist() == expected.var_names.tolist()
    assert (read.X != expected.X).nnz == 0
    assert read.X.dtype == np.float32
    np.testing.assert_allclose(read.obsm["spatial"], expected.obsm["spatial"])


def letters(number: int) -> str:
    """Return the Xenium identifier of a cell number: eight hexadecimal digits written as letters a to p."""
    return "".join(LETTERS[int(digit, 16)] for digit in f"{number:08x}") + "-1"


def sample(n_cells: int, n_genes: int, seed: int = 0) -> AnnData:
    """Return raw counts with coordinates, Xenium's identifiers and two control probes among the features."""
    rng = np.random.default_rng(seed)
    counts = csr_matrix(rng.poisson(0.4, (n_cells, n_genes)).astype(np.float32))
    numbers = rng.choice(1 << 32, n_cells, replace=False)
    cells = [letters(number) for number in numbers]
    names = [f"GENE{i}" for i in range(n_genes)]
    names[-2:] = ["NegControlProbe_00001", "NegControlProbe_00002"][-min(2, n_genes) :]
    kinds = ["Negative Control Probe" if name.startswith("Neg") else "Gene Expression" for name in names]
    var = pd.DataFrame({"gene_ids": [f"ENSG{i:011d}" for i in range(n_genes)], "feature_types": kinds}, index=names)
    adata = AnnData(counts, obs=pd.DataFrame({"cell_number": numbers}, index=cells), var=var)
    adata.obsm["spatial"] = rng.uniform(0, 5000, (n_cells, 2))
    return adata


def called(n_cells: int, seed: int = 0) -> AnnData:
    """Return cells with all columns written by the annotation."""
    adata = sample(n_cells, 6, seed)
    rng = np.random.default_rng(seed)
    confidence = rng.random(n_cells)
    types = np.array(["B cell", "CD4-positive, alpha-beta T cell"])[rng.integers(0, 2, n_cells)]
    adata.obs[columns.PREDICTED] = types
    adata.obs[columns.CELL_TYPE] = pd.Categorical(np.where(confidence > 0.3, types, columns.UNASSIGNED))
    adata.obs[columns.CONFIDENCE] = confidence
    adata.obs[columns.ONTOLOGY_ID] = np.where(types == "B cell", "CL:0000236", "CL:0000624")
    adata.obs[columns.UNASSIGNED_REASON] = np.where(confidence > 0.3, "", columns.REASON_LOW_CONFIDENCE)
    adata.obsm[columns.DECISION_SCORES] = pd.DataFrame(rng.normal(size=(n_cells, 2)), adata.obs_names, ["B", "T"])
    adata.uns[columns.MANIFEST] = {"n_cells": n_cells}
    return adata


def write_xenium(
    folder: Path,
    adata: AnnData,
    *,
    matrix: str = "h5",
    cells: str = "parquet",
    in_order: bool = False,
    software: str = "xenium-3.1.0.4",
) -> Path:
    """Write a Xenium folder; matrix: h5, h5-float, zarr.zip, zarr, zarr-by-cell or mex; cells: parquet or csv.gz."""
    folder.mkdir(parents=True)
    {
        "h5": _h5,
        "h5-float": lambda at, a: _h5(at, a, index=np.float64),
        "zarr": _zarr,
        "zarr-by-cell": lambda at, a: _zarr(at, a, by_cell=True),
        "zarr.zip": lambda at, a: _zarr(at, a, zipped=True),
        "mex": _mex,
    }[matrix](folder, adata)
    xy = adata.obsm["spatial"]
    table = pd.DataFrame({"cell_id": adata.obs_names, "x_centroid": xy[:, 0], "y_centroid": xy[:, 1]})
    table["cell_area"] = 50.0
    if not in_order:  # the order of the two files may differ
        table = table.iloc[::-1]
    if cells == "parquet":
        table.to_parquet(folder / "cells.parquet", index=False)
    else:
        table.to_csv(folder / "cells.csv.gz", index=False)
    (folder / "experiment.xenium").write_text(json.dumps({"analysis_sw_version": software, "pixel_size": 0.2125}))
    return folder


def _h5(folder: Path, adata: AnnData, index: type = np.int64) -> None:
    counts = csr_matrix(adata.X)
    with h5py.File(folder / "cell_feature_matrix.h5", "w") as store:
        group = store.create_group("matrix")
        group["data"], group["indices"] = counts.data.astype(np.int32), counts.indices.astype(index)
        group["indptr"], group["shape"] = counts.indptr.astype(index), np.array(counts.shape[::-1], dtype=index)
        group["barcodes"] = np.array(adata.obs_names, dtype="S")
        features = group.create_group("features")
        features["id"], features["name"] = np.array(adata.var["gene_ids"], "S"), np.array(adata.var_names, "S")
        features["feature_type"] = np.array(adata.var["feature_types"], "S")
        features["genome"] = np.array(["Unknown"] * adata.n_vars, "S")


def _zarr(folder: Path, adata: AnnData, *, by_cell: bool = False, zipped: bool = False) -> None:
    counts = csr_matrix(adata.X) if by_cell else csr_matrix(csr_matrix(adata.X).T)
    path = folder / "cell_feature_matrix.zarr"
    store = LocalStore(path)
    group = zarr.open_group(store, mode="w", zarr_format=2).create_group("cell_features")
    numbers = adata.obs["cell_number"].to_numpy()
    # the first versions have numbers without a suffix
    plain = adata.obs_names[0].isdigit()
    pairs = numbers if plain else np.column_stack([numbers, np.ones_like(numbers)])
    for name, values in {
        "data": counts.data,
        "indices": counts.indices,
        "indptr": counts.indptr,
        "cell_id": pairs,
    }.items():
        group.create_array(name, data=values.astype(np.uint32))
    group.attrs.update(
        feature_keys=list(adata.var_names),
        feature_ids=list(adata.var["gene_ids"]),
        feature_types=[CONTROL[kind] for kind in adata.var["feature_types"]],
        number_cells=adata.n_obs,
        number_features=adata.n_vars,
    )
    if zipped:  # stored without compression: the chunks are compressed
        shutil.make_archive(str(path), "zip", path)
        shutil.rmtree(path)


def _mex(folder: Path, adata: AnnData) -> None:
    mex = folder / "cell_feature_matrix"
    mex.mkdir()
    mmwrite(mex / "matrix.mtx", csr_matrix(adata.X.T).astype(np.int64))
    with (mex / "matrix.mtx").open("rb") as plain, gzip.open(mex / "matrix.mtx.gz", "wb") as gzipped:
        shutil.copyfileobj(plain, gzipped)
    (mex / "matrix.mtx").unlink()
    features = pd.DataFrame({"id": adata.var["gene_ids"], "name": adata.var_names, "kind": adata.var["feature_types"]})
    features.to_csv(mex / "features.tsv.gz", sep="\t", header=False, index=False)
    pd.Series(adata.obs_names).to_csv(mex / "barcodes.tsv.gz", sep="\t", header=False, index=False)


def write_cosmx(folder: Path, adata: AnnData, *, named: bool = False, gzipped: bool = False, um: bool = False) -> Path:
    """Write CosMx flat files with 7 cells per field. named: with the column `cell`; um: with areas in both units."""
    folder.mkdir(parents=True)
    fov, number = np.arange(adata.n_obs) // 7 + 1, np.arange(adata.n_obs) % 7 + 1
    counts = pd.DataFrame(adata.X.toarray().astype(int), columns=adata.var_names)
    counts.insert(0, "fov", fov)
    counts.insert(1, "cell_ID", number)
    xy = adata.obsm["spatial"]
    metadata = pd.DataFrame({"fov": fov, "cell_ID": number, "Area": 4000})
    metadata["CenterX_local_px"], metadata["CenterY_local_px"] = xy[:, 0] - 100 * fov, xy[:, 1] - 7
    metadata["CenterX_global_px"], metadata["CenterY_global_px"] = xy[:, 0], xy[:, 1]
    if named:
        metadata["cell"] = [f"c_1_{f}_{c}" for f, c in zip(fov, number, strict=True)]
    if um:
        metadata["Area.um2"] = 4000 * 0.12028**2
    outside = counts.groupby("fov", as_index=False).first().assign(cell_ID=0)
    counts = pd.concat([outside, counts]).sort_values(["fov", "cell_ID"], kind="stable")
    ending = ".csv.gz" if gzipped else ".csv"
    counts.to_csv(folder / f"Run1_exprMat_file{ending}", index=False)
    metadata.sample(frac=1, random_state=0).to_csv(folder / f"Run1_metadata_file{ending}", index=False)
    return folder


def write_merscope(folder: Path, adata: AnnData, *, first: str = "", in_order: bool = False) -> Path:
    """Write a MERSCOPE region with 18-digit integer identifiers, which a float cannot represent exactly."""
    folder.mkdir(parents=True)
    names = pd.Index(merscope_ids(adata.n_obs), name=first or None)
    counts = pd.DataFrame(adata.X.toarray().astype(int), columns=adata.var_names, index=names)
    counts.to_csv(folder / "cell_by_gene.csv")
    xy = adata.obsm["spatial"]
    metadata = pd.DataFrame({"fov": 1, "volume": 500.0, "center_x": xy[:, 0], "center_y": xy[:, 1]})
    metadata = metadata.set_index(names)
    (metadata if in_order else metadata.iloc[::-1]).to_csv(folder / "cell_metadata.csv")
    return folder


def merscope_ids(n_cells: int) -> list[str]:
    """Return consecutive identifiers as long as Vizgen's, which are equal when converted to floats."""
    return [str(110883424764611924 + i) for i in range(n_cells)]
