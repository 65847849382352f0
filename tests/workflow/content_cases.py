"""The user's columns, coordinates and entries, and values that cannot be written."""

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from tests.workflow.cases import (
    CASES,
    Case,
    N,
    case,
    query_file,
    reference_file,
    with_query,
    with_reference,
)
from tests.workflow.tissue import query, reference


@case
def query_with_existing_calls(folder: Path) -> Case:
    adata = query()
    adata.obs["cell_type"] = "mine"
    adata.obs["cell_type_ontology_term_id"] = "CL:0000000"
    return with_query(folder, adata)


USER_CONTENT: dict[str, object] = {
    "text": "notes of the authors",
    "number": 7,
    "array": np.arange(3),
    "mapping": {"model": "mine"},
    "frame": pd.DataFrame({"a": [1, 2]}, index=["x", "y"]),
}


def _with_user_content(kind: str) -> Callable[[Path], Case]:
    def build(folder: Path) -> Case:
        adata = query()
        for key in ("spatialcore_annotation", "spatialcore_source", "spatialcore_linear_model"):
            adata.uns[key] = USER_CONTENT[kind]
        adata.obsm["cell_type_path_confidence"] = np.zeros((adata.n_obs, 1))
        return with_query(folder, adata)

    return build


for _kind in USER_CONTENT:
    CASES[f"query_with_a_{_kind}_under_reserved_names_in_uns"] = _with_user_content(_kind)


@case
def query_with_nullable_names(folder: Path) -> Case:
    adata = query()
    adata.obs.index, adata.var.index = adata.obs.index.astype("string"), adata.var.index.astype("string")
    with ad.settings.override(allow_write_nullable_strings=True):
        folder.mkdir(parents=True, exist_ok=True)
        adata.write_h5ad(folder / "query.h5ad", convert_strings_to_categoricals=False)
    return str(folder / "query.h5ad"), reference_file(folder), N


@case
def query_in_half_precision(folder: Path) -> Case:
    adata = query()
    adata.X = adata.X.toarray().astype(np.float16)
    return with_query(folder, adata)


@case
def sparse_query_in_half_precision(folder: Path) -> Case:
    path = Path(query_file(folder))
    with h5py.File(path, "a") as out:
        values = out["X/data"][:].astype(np.float16)
        attrs = dict(out["X/data"].attrs)
        del out["X/data"]
        out["X"].create_dataset("data", data=values).attrs.update(attrs)
    return str(path), reference_file(folder), N


def _with_unsigned_indices(path: str) -> str:
    with h5py.File(path, "a") as out:
        for name in ("indices", "indptr"):
            values = out["X"][name][:].astype(np.uint64)
            del out["X"][name]
            out["X"].create_dataset(name, data=values)
    return path


@case
def files_with_unsigned_indices(folder: Path) -> Case:
    query_path, reference_path = query_file(folder), reference_file(folder)
    return _with_unsigned_indices(query_path), _with_unsigned_indices(reference_path), N


@case
def reference_in_half_precision(folder: Path) -> Case:
    adata = reference()
    adata.X = adata.X.toarray().astype(np.float16)
    return with_reference(folder, adata)


@case
def query_with_columns_of_all_kinds(folder: Path) -> Case:
    adata = query()
    n = adata.n_obs
    adata.obs["unused"] = pd.Categorical(["a"] * n, categories=["a", "b"])
    adata.obs["numbers"] = pd.Categorical(np.arange(n) % 3)
    adata.obs["ordered"] = pd.Categorical(["x", "y"] * (n // 2), categories=["y", "x"], ordered=True)
    adata.obs["integers"] = pd.array([None, 1] * (n // 2), dtype="Int64")
    adata.obs["flags"] = pd.array([None, True] * (n // 2), dtype="boolean")
    adata.obs["nothing"] = np.nan
    adata.obs[" area "], adata.obs["a:b"], adata.obs["µ"] = 1.0, 2, "x"
    adata.obs_names = [f'section/1 #{i}, "é"' for i in range(n)]
    adata.uns.update({"log1p": {"base": None}, "nested": {"a": {"b": [1, 2]}}, "empty": {}})
    adata.X = sp.csc_matrix(adata.X.astype(np.int64))
    return with_query(folder, adata)


def _with_coordinates(folder: Path, coordinates: Callable[[ad.AnnData], object]) -> Case:
    adata = query()
    adata.obsm["spatial"] = coordinates(adata)
    return with_query(folder, adata)


@case
def query_with_coordinates_in_a_frame(folder: Path) -> Case:
    return _with_coordinates(folder, lambda a: pd.DataFrame(a.obsm["spatial"], index=a.obs_names, columns=["x", "y"]))


@case
def query_with_coordinates_as_text(folder: Path) -> Case:
    return _with_coordinates(folder, lambda a: pd.DataFrame({"x": ["left"] * a.n_obs, "y": "top"}, index=a.obs_names))


@case
def query_with_sparse_coordinates(folder: Path) -> Case:
    return _with_coordinates(folder, lambda a: sp.csr_matrix(a.obsm["spatial"]))


@case
def query_with_one_coordinate(folder: Path) -> Case:
    return _with_coordinates(folder, lambda a: a.obsm["spatial"][:, :1])


@case
def query_with_missing_coordinates(folder: Path) -> Case:
    return _with_coordinates(folder, lambda a: np.where(np.arange(a.n_obs)[:, None] % 5, a.obsm["spatial"], np.nan))


@case
def query_with_missing_feature_types(folder: Path) -> Case:
    adata = query()
    adata.var["feature_types"] = [None if i % 2 else "Gene Expression" for i in range(adata.n_vars)]
    return with_query(folder, adata)


@case
def reference_with_labels_in_html(folder: Path) -> Case:
    adata = reference()
    adata.obs["cell_type"] = [f"<b>{label}</b>" for label in adata.obs["cell_type"].astype(str)]
    return with_reference(folder, adata)


@case
def query_with_duplicate_cells(folder: Path) -> Case:
    adata = query()
    adata.obs_names = ["cell_0", *adata.obs_names[:-1]]
    return with_query(folder, adata)
