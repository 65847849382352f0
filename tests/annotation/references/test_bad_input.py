"""Invalid input: each kind gives an error that states what was found and what to do."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from spatialcore.annotation import combine_references, load_adata_backed
from spatialcore.errors import InputError, NormalizationError, SpatialCoreError
from tests.annotation.reference_data import GENES, LABELS, Write, make_reference

READERS: list[Callable[[Path], ad.AnnData]] = [
    lambda path: combine_references([path], ["cell_type"]),
    lambda path: load_adata_backed(path, "cell_type"),
]
with_both_readers = pytest.mark.parametrize("read", READERS, ids=["combine", "load"])


@with_both_readers
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_truncated_file(read: Any, share: float, write: Write) -> None:
    path = write()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match=r"ref\.h5ad (cannot be read|is empty)") as error:
        read(path)
    assert "again" in str(error.value)


@with_both_readers
@pytest.mark.parametrize("content", [b"seven b", b"<html><body>404</body></html>", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"])
@pytest.mark.parametrize("name", ["a.h5ad", "a.zarr.zip"])
def test_files_that_are_not_anndata(read: Any, content: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=r"cannot be read|is a web page|is a text"):
        read(tmp_path / name)


@with_both_readers
def test_an_hdf5_file_with_other_content(read: Any, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["matrix/data"] = np.arange(3)
    with pytest.raises(InputError, match="an HDF5 file of another program, with the parts matrix"):
        read(tmp_path / "a.h5")


@with_both_readers
def test_data_without_labels(read: Any, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["matrix/barcodes"] = np.arange(3)
    (tmp_path / "mex").mkdir()
    (tmp_path / "mex" / "matrix.mtx.gz").touch()
    for name, kind in (("a.h5", r"a 10x \.h5 file"), ("mex", "a 10x MEX folder")):
        with pytest.raises(InputError, match=f"{kind}, without labels") as error:
            read(tmp_path / name)
        assert "obs['cell_type'] = pandas.read_csv" in error.value.hint


@with_both_readers
@pytest.mark.parametrize("name", ["a.h5ad.gz", "a.h5ad"])
def test_compressed_files(read: Any, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"content"))
    with pytest.raises(InputError, match="a compressed file") as error:
        read(tmp_path / name)
    assert "gunzip" in error.value.hint


@with_both_readers
def test_a_folder_that_is_not_a_store(read: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_no_cells_or_no_genes(shape: tuple[int, int], write: Write) -> None:
    empty = ad.AnnData(
        sp.csr_matrix(shape, dtype=np.float32), obs=pd.DataFrame(index=[str(i) for i in range(shape[0])])
    )
    empty.obs["cell_type"] = "B cell"
    with pytest.raises(InputError, match=rf"holds {shape[0]} cells and {shape[1]} genes"):
        combine_references([write(empty)], ["cell_type"])


def test_one_cell_type(write: Write) -> None:
    with pytest.raises(InputError, match="only one cell type is left: 'B cell'"):
        combine_references([write(make_reference(labels=["B cell"] * 30))], ["cell_type"])


def test_two_references_of_one_type_each(write: Write) -> None:
    paths = [write(make_reference(i, [name] * 30), f"{i}.h5ad") for i, name in enumerate(("B cell", "T cell"))]
    assert combine_references(paths, ["cell_type"]).n_obs == 60


@pytest.mark.parametrize("labels", [["Unknown"] * 15 + ["doublet"] * 15, pd.Categorical([None] * 30), [np.nan] * 30])
def test_all_labels_excluded_or_missing(labels: list[Any], write: Write) -> None:
    with pytest.raises(InputError, match="no labelled cell is left in ref"):
        combine_references([write(make_reference(labels=labels))], ["cell_type"])


def test_all_types_too_small(write: Write) -> None:
    with pytest.raises(InputError, match="no cell type has 500 cells"):
        combine_references([write()], ["cell_type"], min_cells_per_type=500)


def test_missing_labels_are_not_a_type(write: Write) -> None:
    labels = [None if i % 3 == 0 else label for i, label in enumerate(LABELS)]
    combined = combine_references([write(make_reference(labels=labels))], ["cell_type"])
    assert not {"nan", "None", ""} & set(combined.obs["original_label"])


@with_both_readers
def test_duplicate_cells_and_features(read: Any, write: Write) -> None:
    twice = make_reference(genes=[*GENES[:-1], GENES[0]])
    twice.obs_names = ["same"] * twice.n_obs
    read_back = read(write(twice))
    assert read_back.n_vars == 29
    np.testing.assert_array_equal(
        np.unique(read_back.layers.get("counts", read_back.X)[:, 0].toarray()),
        np.unique(twice.uns["truth"][:, 0] + twice.uns["truth"][:, -1]),
    )


def test_duplicate_cells_become_unique(write: Write) -> None:
    twice = make_reference()
    twice.obs_names = ["same"] * twice.n_obs
    assert combine_references([write(twice)], ["cell_type"]).obs_names.is_unique


def test_negative_values_and_embeddings(write: Write) -> None:
    unusual = make_reference()
    unusual.X = np.random.default_rng(0).normal(size=unusual.shape).astype(np.float32)
    with pytest.raises(NormalizationError, match="negative values"):
        combine_references([write(unusual)], ["cell_type"])


@pytest.mark.parametrize("invalid", [np.nan, np.inf])
def test_values_that_are_not_numbers(invalid: float, write: Write) -> None:
    unusual = make_reference()
    unusual.X = unusual.X.toarray()
    unusual.X[:, 2] = invalid
    with pytest.raises(NormalizationError, match="Cannot safely normalize data"):
        combine_references([write(unusual)], ["cell_type"])


def test_a_few_negative_counts_outside_the_sample(write: Write) -> None:
    """Integer overflow in one of many cells is detected when the values are read."""
    unusual = make_reference(labels=["B cell", "T cell"] * 1_000)
    unusual.X = unusual.X.astype(np.int32)
    unusual.X.data[-1] = -(2**31)
    with pytest.raises(NormalizationError, match="negative values"):
        combine_references([write(unusual)], ["cell_type"])


def test_a_float_beyond_the_range_of_float32(write: Write) -> None:
    unusual = make_reference()
    unusual.X = unusual.X.toarray().astype(np.float64)
    unusual.X[0, 0] = 1e300
    with pytest.raises(NormalizationError, match="infinite"):
        combine_references([write(unusual)], ["cell_type"], filter_min_cells=False)


@pytest.mark.parametrize(
    "labels",
    [[1, 2] * 30, [1.0, 2.0] * 30, [True, False] * 30, pd.Categorical([1, 2] * 30)],
    ids=["int", "float", "bool", "categorical"],
)
def test_labels_that_are_not_text(labels: Any, write: Write) -> None:
    combined = combine_references([write(make_reference(labels=list(labels)))], ["cell_type"])
    assert set(combined.obs["original_label"]) in ({"1", "2"}, {"True", "False"})


def test_cell_ontology_ids_as_labels_become_names(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    combine_references([write(make_reference(labels=["CL:0000236", "CL:0000084"] * 20))], ["cell_type"])
    assert "Cell Ontology ids, not names" in caplog.text


def test_mixed_ids_and_symbols(write: Write) -> None:
    mixed = make_reference(genes=["TP53", "ENSG00000010610.3", "HLA.A", "ENSMUSG00000023274", "ENSG99999999999"])
    combined = combine_references([write(mixed)], ["cell_type"])
    assert list(combined.var_names) == ["TP53", "CD4", "HLA-A", "Cd4", "ENSG99999999999"]


@with_both_readers
def test_a_missing_matrix(read: Any, write: Write) -> None:
    path = write()
    with h5py.File(path, "r+") as file:
        del file["X"]
    with pytest.raises(InputError, match=r"ref\.h5ad has no X"):
        read(path)


@with_both_readers
@pytest.mark.parametrize("part", ["X/data", "X/indices", "X/indptr", "obs/cell_type/codes", "obs/_index", "var/_index"])
@pytest.mark.parametrize("damage", ["gone", "short", "text", "scalar", "square"])
def test_damaged_parts(read: Any, part: str, damage: str, write: Write) -> None:
    path = write()
    with h5py.File(path, "r+") as file:
        values = file[part][()] if part in file else None
        if values is None:
            pytest.skip(f"{part} is stored in another form")
        attrs = dict(file[part].attrs)
        del file[part]
        if damage == "short":
            file[part] = values[:-5]
        elif damage == "text":
            file[part] = "hello"
        elif damage == "scalar":
            file[part] = 7
        elif damage == "square":
            file[part] = np.ones((3, 3))
        for name, value in attrs.items() if damage != "gone" else ():
            file[part].attrs[name] = value
    with pytest.raises(SpatialCoreError):
        read(path)


@with_both_readers
@pytest.mark.parametrize(
    ("part", "value"),
    [("X/indices", 10**6), ("X/indices", -1), ("X/indptr", -5), ("X/indptr", 10**9), ("obs/cell_type/codes", 99)],
)
def test_numbers_out_of_range(read: Any, part: str, value: int, write: Write) -> None:
    path = write(make_reference(labels=pd.Categorical(LABELS)))
    with h5py.File(path, "r+") as file:
        file[part][3] = value
    with pytest.raises(InputError, match=r"damaged|cannot be read"):
        read(path)
