"""Which files have profiles, and how they are read."""

import gzip
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation import combine_references
from spatialcore.annotation.references.profile_files import has_profiles, read_profiles
from spatialcore.annotation.references.profiles import (
    CELLS_PER_TYPE,
)
from spatialcore.errors import InputError
from tests.annotation.reference_data import Write, make_reference
from tests.annotation.references.profile_data import (
    GENES,
    SHARES,
    TYPES,
    anndata_profiles,
    table,
)


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.csv.gz"])
@pytest.mark.parametrize("orientation", ["genes", "types"])
def test_tables_in_both_orientations(tmp_path: Path, name: str, orientation: str) -> None:
    text = table(orientation).to_csv(sep="\t" if "tsv" in name else ",")
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    read = read_profiles(path, "anything")
    assert read.labels == TYPES
    assert read.features.symbols == GENES
    np.testing.assert_allclose(read.shares, SHARES, rtol=1e-6)


def test_a_table_with_ids_counts_and_deviations(tmp_path: Path) -> None:
    frame = table()
    for name in TYPES:
        frame[f"{name}_sd"] = np.sqrt(0.3) * frame[name]
    frame.loc["n_cells"] = [30, 500, 4, 0, 0, 0]
    frame.insert(0, "gene_id", [f"ENSG0000000000{i}" for i in range(6)] + [""])
    frame.to_csv(tmp_path / "p.csv")
    read = read_profiles(tmp_path / "p.csv", "")
    assert read.labels == TYPES
    assert read.features.ids[2] == "ENSG00000000002"
    assert list(read.n_cells) == [30, 500, 4]  # type: ignore[arg-type]
    np.testing.assert_allclose(read.dispersion, 0.3, atol=1e-6)
    assert read.origin["dispersion_from"] == "standard deviations"
    cells = np.bincount(read.cells())
    assert list(cells) == [30, CELLS_PER_TYPE, 4]


@pytest.mark.parametrize(("scale", "values"), [("log1p", np.log1p), ("log2", lambda x: np.log2(x + 1))])
def test_a_logarithm_is_reversed_if_the_sums_confirm_it(tmp_path: Path, scale: str, values: Any) -> None:
    frame = pd.DataFrame(values(SHARES.T * 1e4), index=GENES, columns=TYPES)
    frame.to_csv(tmp_path / "p.csv")
    read = read_profiles(tmp_path / "p.csv", "")
    assert read.origin["scale"] == scale
    np.testing.assert_allclose(read.shares, SHARES, rtol=1e-5)


def test_values_that_are_not_means_are_refused(tmp_path: Path) -> None:
    (table() - 30).to_csv(tmp_path / "p.csv")
    with pytest.raises(InputError, match="not mean expression"):
        read_profiles(tmp_path / "p.csv", "")
    (tmp_path / "q.csv").write_text("gene\nGAD1\nMOG\n")
    with pytest.raises(InputError, match=r"q\.csv is not a table"):
        read_profiles(tmp_path / "q.csv", "")


def test_which_anndata_files_have_profiles(write: Write) -> None:
    assert has_profiles(write(anndata_profiles(kind=TYPES), "a.h5ad"), "kind")
    assert has_profiles(write(anndata_profiles(kind=TYPES), "b.h5ad"), "obs_names")
    assert not has_profiles(write(anndata_profiles(kind=TYPES), "c.h5ad"), "cell_type")
    assert not has_profiles(write(make_reference(), "d.h5ad"), "cell_type")
    scaled = ad.AnnData((SHARES * 1e4 / 7).astype(np.float32), pd.DataFrame(index=TYPES), pd.DataFrame(index=GENES))
    assert has_profiles(write(scaled, "e.h5ad"), "cell_type")
    cells = make_reference()
    cells.obs = cells.obs[[]]
    assert not has_profiles(write(cells, "f.h5ad"), "cell_type")  # cells with labels elsewhere


@pytest.mark.parametrize("state", ["raw", "log1p_other"])
def test_cells_with_a_column_of_barcodes_are_not_profiles(state: str, write: Write) -> None:
    cells = make_reference(labels=["B cell", "T cell"] * 150, state=state)
    cells.obs["barcode"] = cells.obs_names
    path = write(cells)
    assert not has_profiles(path, "barcode")
    with pytest.raises(InputError, match="no cell type has 10 cells"):
        combine_references([path], ["barcode"])
    cells.obs["n_cells"] = 10
    assert has_profiles(write(cells), "barcode")


def test_a_table_of_cells_is_refused(tmp_path: Path) -> None:
    cells = make_reference(labels=["B cell", "T cell"] * 150, genes=["GAD1", "MOG", "CD3E", "CD19", "NKG7", "LYZ"])
    cells.to_df().assign(cell_type=cells.obs["cell_type"]).to_csv(tmp_path / "cells.csv")
    with pytest.raises(InputError, match="counts of 300 cells, expected one row or column per type"):
        read_profiles(tmp_path / "cells.csv", "cell_type")


def test_anndata_of_genes_by_types(write: Write) -> None:
    turned = anndata_profiles().T.copy()
    read = read_profiles(write(turned), "obs_names")
    assert (read.labels, read.features.symbols) == (TYPES, GENES)
