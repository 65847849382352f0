"""Read 10x Genomics feature-cell matrices: HDF5, MEX folder and zarr."""

import gzip
import json
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csc_matrix, csr_matrix

from spatialcore.core.on_disk.containers import open_hdf5, refuse_external_links, require_chunks
from spatialcore.core.types import StoredGroup
from spatialcore.errors import InputError
from spatialcore.io.flat_files import find_one, need_one
from spatialcore.io.joining import assemble

GENE_IDS = "gene_ids"
FEATURE_TYPES = "feature_types"
# feature types of Xenium's zarr -> those of its h5
FEATURE_TYPE_NAMES = {
    "gene": "Gene Expression",
    "negative_control_probe": "Negative Control Probe",
    "negative_control_codeword": "Negative Control Codeword",
    "unassigned_codeword": "Unassigned Codeword",
    "deprecated_codeword": "Deprecated Codeword",
    "genomic_control": "Genomic Control",
    "protein": "Protein Expression",
}
HEX_TO_LETTER = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def features(names: Iterable[str], ids: Iterable[str], kinds: Iterable[str] | None = None) -> pd.DataFrame:
    """Return the var frame: names as index, ``gene_ids`` and ``feature_types`` as columns."""
    var = pd.DataFrame({GENE_IDS: list(ids)}, index=pd.Index([str(name) for name in names]))
    if kinds is not None:
        var[FEATURE_TYPES] = pd.Categorical(list(kinds))
    return var


def is_tenx_h5(file: Path) -> bool:
    """Return whether a file is a 10x HDF5 matrix, of Cell Ranger >= 3 or older (one group per genome)."""
    if not h5py.is_hdf5(file):
        return False
    with open_hdf5(file) as store:
        return _matrix_group(store) is not None


def _matrix_group(store: h5py.File) -> h5py.Group | None:
    for group in store.values():
        if isinstance(group, h5py.Group) and {"barcodes", "data", "indices", "indptr", "shape"} <= set(group):
            return group
    return None


def read_tenx_h5(file: Path) -> AnnData:
    """Read a 10x HDF5 matrix. Indices stored as floats, as R writes them, are converted to integers."""
    with open_hdf5(_unpacked(file)) as store:
        group = _matrix_group(store)
        if group is None:
            raise InputError(f"{file} has no 10x matrix", hint="pass cell_feature_matrix.h5")
        n_features, n_cells = (int(n) for n in group["shape"][:])
        indices, indptr = _integers(group["indices"], file), _integers(group["indptr"], file)
        if len(indptr) != n_cells + 1 or len(indices) != indptr[-1]:
            raise InputError(f"{file} is damaged: the index does not match {n_cells} cells", hint="copy the file again")
        # CSC of features x cells has the same arrays as CSR of cells x features
        counts = csr_matrix((group["data"][:], indices, indptr), shape=(n_cells, n_features))
        var = _features_of(group)
        adata = assemble(counts, _texts(group["barcodes"]), var)
        _unscale_protein(adata, float(store.attrs.get("protein_scaling_factor", 1.0)))
        return adata


def _unpacked(file: Path) -> Path | BytesIO:
    return BytesIO(gzip.decompress(file.read_bytes())) if file.suffix == ".gz" else file


def _unscale_protein(adata: AnnData, factor: float) -> None:
    """Reverse the fixed-point scaling of protein intensities in the HDF5 of Xenium Onboard Analysis 4."""
    if factor != 1.0 and FEATURE_TYPES in adata.var:
        protein = (adata.var[FEATURE_TYPES] == "Protein Expression").to_numpy()
        adata.X.data /= np.where(protein, factor, 1.0).astype(np.float32)[adata.X.indices]


def _features_of(group: h5py.Group) -> pd.DataFrame:
    if "features" not in group:
        return features(_texts(group["gene_names"]), _texts(group["genes"]))
    table = group["features"]
    return features(_texts(table["name"]), _texts(table["id"]), _texts(table["feature_type"]))


def _texts(dataset: h5py.Dataset) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in dataset[:]]


def _integers(dataset: h5py.Dataset, file: Path) -> np.ndarray:
    values = dataset[:]
    if not np.issubdtype(values.dtype, np.integer):
        whole = np.rint(values)
        if not np.array_equal(whole, values):
            raise InputError(f"{file}: {dataset.name} has fractions, expected integers", hint="copy the file again")
        values = whole
    wide = values.size > 0 and values.max() > np.iinfo(np.int32).max
    return np.asarray(values, dtype=np.int64 if wide else np.int32)


# behind an accession, too, as GEO puts it before each name
MEX = ("*matrix.mtx.gz", "*matrix.mtx")
BARCODES = ("*barcodes.tsv.gz", "*barcodes.tsv")
FEATURES = ("*features.tsv.gz", "*features.tsv", "*genes.tsv.gz", "*genes.tsv")


def is_mex(folder: Path) -> bool:
    """Return whether a folder has a MEX matrix."""
    return folder.is_dir() and find_one(folder, MEX) is not None


def read_mex(folder: Path) -> AnnData:
    """Read a MEX folder: matrix.mtx, features.tsv (or genes.tsv) and barcodes.tsv, gzipped or not."""
    from scipy.io import mmread

    barcodes = pd.read_csv(need_one(folder, BARCODES), sep="\t", header=None, dtype=str)[0]
    table = pd.read_csv(need_one(folder, FEATURES), sep="\t", header=None, dtype=str)
    counts = csr_matrix(mmread(str(need_one(folder, MEX))).T)
    kinds = table[2] if table.shape[1] > 2 else None
    return assemble(counts, barcodes, features(table[1], table[0], kinds))


def read_matrix_zarr(path: Path) -> AnnData:
    """Read cell_feature_matrix.zarr of Xenium, as folder or zip."""
    import zarr
    from zarr.storage import LocalStore, ZipStore

    refuse_external_links(path)
    store = ZipStore(path, mode="r") if path.suffix == ".zip" else LocalStore(path, read_only=True)
    try:
        root = zarr.open_group(store, mode="r")
        require_chunks(root, path)
        return _from_zarr(root.get("cell_features", root), path)
    finally:
        store.close()


def _from_zarr(group: StoredGroup, path: Path) -> AnnData:
    attributes = dict(group.attrs)
    kinds = [FEATURE_TYPE_NAMES.get(kind, kind) for kind in attributes["feature_types"]]
    var = features(attributes["feature_keys"], attributes["feature_ids"], kinds)
    cells = decode_cell_ids(group["cell_id"][:])
    data, indices, indptr = (np.asarray(group[part][:]) for part in ("data", "indices", "indptr"))
    shape = (len(cells), len(var))
    arrays = (data, indices.astype(np.int64), indptr.astype(np.int64))
    if len(indptr) == len(var) + 1:
        return assemble(csc_matrix(arrays, shape=shape).tocsr(), cells, var)
    if len(indptr) == len(cells) + 1:
        return assemble(csr_matrix(arrays, shape=shape), cells, var)
    raise InputError(f"{path} is damaged: the index matches neither cells nor features", hint="copy the file again")


def decode_cell_ids(pairs: np.ndarray) -> list[str]:
    """Return Xenium cell identifiers as strings.

    A pair (prefix, suffix) becomes eight hexadecimal digits, written with the letters a to p, a dash and the suffix.
    Single numbers (XOA 1.0 to 1.2) stay numbers.
    Source: 10x Genomics, "Cell ID format mapping" in the description of Xenium's zarr files.

    Examples
    --------
    >>> decode_cell_ids(np.array([[1437536272, 1]]))
    ['ffkpbaba-1']
    """
    if pairs.ndim == 1:
        return [str(int(number)) for number in pairs]
    return [f"{int(prefix):08x}".translate(HEX_TO_LETTER) + f"-{int(suffix)}" for prefix, suffix in pairs]


def software_of(folder: Path) -> str:
    """Return the version of the analysis software in experiment.xenium of a Xenium folder, or an empty string."""
    file = folder / "experiment.xenium"
    if not file.is_file():
        return ""
    try:
        return str(json.loads(file.read_text()).get("analysis_sw_version", ""))
    except json.JSONDecodeError:
        return ""
