"""Reading part of a file equals indexing the whole, for every format and every location of raw counts."""

from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from spatialcore import storage
from spatialcore.annotation import load_adata_backed
from spatialcore.errors import FileMissingError, GeneOverlapError, InputError, LabelColumnError
from spatialcore.storage import cache
from tests.annotation.reference_data import GENES, Write, make_reference

PANEL = ["GENE7", "GENE3", "ABSENT", "GENE29"]


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, sp.csr_matrix.toarray], ids=["csr", "csc", "dense"])
@pytest.mark.parametrize("store", [None, "gzip", "lzf", "zarr"])
def test_part_of_a_file_is_part_of_the_whole(kind: Any, store: str | None, write: Write) -> None:
    full = make_reference()
    full.X = kind(full.X)
    path = write(full, "a.zarr") if store == "zarr" else write(full, compression=store)
    part = load_adata_backed(path, "cell_type", max_cells=60, target_genes=PANEL)
    assert list(part.var_names) == ["GENE7", "GENE3", "GENE29"]
    expected = full[part.obs_names, part.var_names]
    np.testing.assert_array_equal(part.X.toarray(), sp.csr_matrix(expected.X).toarray())
    assert list(part.obs["cell_type"]) == list(expected.obs["cell_type"])
    assert part.X.format == "csr"
    assert part.X.dtype == np.float32
    assert part.n_obs == 60


def test_a_zipped_zarr_store_is_read(write: Write, tmp_path: Path) -> None:
    import shutil

    path = write(name="a.zarr")
    zipped = Path(shutil.make_archive(str(tmp_path / "a.zarr"), "zip", path))
    np.testing.assert_array_equal(load_adata_backed(zipped).X.toarray(), load_adata_backed(path).X.toarray())


def test_everything_is_read_by_default(write: Write) -> None:
    full = make_reference()
    part = load_adata_backed(write(full))
    np.testing.assert_array_equal(part.X.toarray(), full.uns["truth"])
    assert list(part.obs_names) == list(full.obs_names)


def test_the_draw_is_stratified_with_a_floor(write: Write) -> None:
    part = load_adata_backed(write(), "cell_type", max_cells=40, min_cells_per_type=4)
    drawn = part.obs["cell_type"].value_counts()
    assert drawn.sum() == 40
    assert drawn["mast cell"] == 4
    assert drawn["B cell"] > drawn["NK cell"] > drawn["mast cell"]


def test_the_seed_determines_the_cells(write: Write) -> None:
    path = write()
    draws = [list(load_adata_backed(path, "cell_type", 50, random_state=seed).obs_names) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_cells_without_a_label_are_left_out_if_a_label_is_required(write: Write) -> None:
    full = make_reference()
    full.obs.loc[full.obs_names[:9], "cell_type"] = np.nan
    assert load_adata_backed(write(full), "cell_type").n_obs == full.n_obs - 9
    assert load_adata_backed(write(full)).n_obs == full.n_obs


@pytest.mark.parametrize("source", ["counts", "raw_counts", "raw", "raw.X"])
def test_raw_counts_are_read_from_every_place(source: str, write: Write) -> None:
    full = make_reference(state="log1p_cpm")
    counts = sp.csr_matrix(full.uns["truth"])
    if source == "raw.X":
        wide = make_reference(genes=[*GENES[::-1], "EXTRA1", "EXTRA2"])
        wide.X = sp.csr_matrix(np.hstack([full.uns["truth"][:, ::-1], np.ones((full.n_obs, 2))]).astype(np.float32))
        full.raw = wide
    else:
        full.layers[source] = counts
    part = load_adata_backed(write(full), "cell_type", 60, target_genes=PANEL)
    rows = full.obs_names.get_indexer(part.obs_names)
    np.testing.assert_array_equal(part.layers["counts"].toarray(), full.uns["truth"][rows][:, [7, 3, 29]])
    np.testing.assert_allclose(part.X.toarray(), full.X.toarray()[rows][:, [7, 3, 29]])


def test_ids_symbols_versions_and_altered_names_are_matched(write: Write) -> None:
    full = make_reference(genes=["ENSG00000141510.18", "CD4", "HLA.A", "ENSG00000065427", "ENSMUSG00000043165"])
    panel = ["TP53", "ENSG00000010610", "HLA-A", "KARS1", "Lor"]
    part = load_adata_backed(write(full), target_genes=panel)
    assert list(part.var_names) == ["TP53", "CD4", "HLA-A", "KARS1", "Lor"]
    np.testing.assert_array_equal(part.X.toarray(), full.uns["truth"])


@pytest.mark.parametrize("state", ["raw", "log1p_10k"])
def test_features_of_one_gene_are_added_up_as_counts(state: str, write: Write) -> None:
    full = make_reference(genes=[*GENES[:-2], "ENSG00000141510", "ENSG00000141510.18"], state=state)
    part = load_adata_backed(write(full))
    assert part.n_vars == 29
    linear = full.X.toarray() if state == "raw" else np.expm1(full.X.toarray())
    expected = linear[:, -2] + linear[:, -1]
    result = part[:, "TP53"].X.toarray().ravel()
    np.testing.assert_allclose(result if state == "raw" else np.expm1(result), expected, rtol=1e-4)


def test_negative_values_of_one_gene_are_not_added_up(write: Write) -> None:
    full = make_reference(genes=[*GENES[:-2], "HLA.A", "HLA-A"], state="log1p_10k")
    full.X = full.X.toarray() - 1
    with pytest.raises(InputError, match="cannot be summed"):
        load_adata_backed(write(full))


def test_controls_are_not_genes(write: Write) -> None:
    full = make_reference(genes=[*GENES[:-2], "NegControlProbe_1", "BLANK_0003"])
    assert list(load_adata_backed(write(full)).var_names) == GENES[:-2]


def test_duplicate_cell_names_are_read(write: Write) -> None:
    full = make_reference()
    full.obs_names = ["same"] * full.n_obs
    assert load_adata_backed(write(full), "cell_type", 50).n_obs == 50


def test_columns_of_every_type_are_read(write: Write) -> None:
    full = make_reference()
    n = full.n_obs
    full.obs["number"] = np.arange(n)
    full.obs["share"] = np.linspace(0, 1, n)
    full.obs["flag"] = np.arange(n) % 2 == 0
    full.obs["kind"] = pd.Categorical(["ab"[i % 2] for i in range(n)])
    full.obs["maybe"] = pd.array([None if i % 3 else i for i in range(n)], dtype="Int64")
    part = load_adata_backed(write(full), "cell_type", 50)
    expected = full.obs.loc[part.obs_names]
    for column in ("number", "share", "flag"):
        np.testing.assert_array_equal(part.obs[column], expected[column])
    assert list(part.obs["kind"]) == list(expected["kind"])
    assert list(part.obs["maybe"].isna()) == list(expected["maybe"].isna())


def test_uris_are_fetched_to_the_cache(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "DEFAULT_DIR", tmp_path / "cache")
    path = write()
    part = load_adata_backed(storage.put(path, "memory://loading/ref.h5ad").uri)
    assert [entry.path.name for entry in cache.list_entries()] == ["ref.h5ad"]
    np.testing.assert_array_equal(part.X.toarray(), load_adata_backed(path).X.toarray())


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("max_cells", 0),
        ("max_cells", -1),
        ("max_cells", 2.5),
        ("min_cells_per_type", -1),
        ("random_state", -1),
        ("target_genes", "CD4"),
        ("target_genes", []),
        ("target_genes", 5),
    ],
)
def test_values_are_checked(argument: str, value: Any, write: Write) -> None:
    with pytest.raises(InputError, match=argument):
        load_adata_backed(write(), **{argument: value})


def test_the_error_of_a_missing_column_lists_the_columns(write: Write) -> None:
    with pytest.raises(LabelColumnError, match=r"Label column not found: 'labels' in ref\.h5ad\. Columns: cell_type"):
        load_adata_backed(write(), "labels")


def test_without_shared_genes_the_error_names_five_of_each_side(write: Write) -> None:
    with pytest.raises(GeneOverlapError, match=r"No shared genes found.*GENE0, GENE1.*Gm1, Gm2") as error:
        load_adata_backed(write(), target_genes=["Gm1", "Gm2"])
    assert "Ensembl" in str(error.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"absent\.h5ad"):
        load_adata_backed(tmp_path / "absent.h5ad")


def test_only_drawn_rows_and_panel_genes_stay_in_memory(write: Write) -> None:
    """The test counts the blocks that are read; the whole matrix is never read at once."""
    full = make_reference(labels=["A", "B"] * 2_000, genes=[f"G{i}" for i in range(300)])
    path = write(full, "big.h5ad")
    with h5py.File(path) as file:
        stored = file["X/data"].shape[0]
    read: list[int] = []
    original = h5py.Dataset.__getitem__

    def counting(self: Any, key: Any, **options: Any) -> Any:
        values = original(self, key, **options)
        if self.name == "/X/data":
            read.append(np.size(values))
        return values

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(h5py.Dataset, "__getitem__", counting)
        part = load_adata_backed(path, "cell_type", 20, target_genes=["G1", "G2"])
    assert part.shape == (20, 2)
    assert max(read) < stored / 4


def test_loaded_data_can_be_written_and_read(write: Write, tmp_path: Path) -> None:
    part = load_adata_backed(write(), "cell_type", 50)
    part.write_h5ad(tmp_path / "part.h5ad")
    assert ad.read_h5ad(tmp_path / "part.h5ad").shape == (50, 30)
