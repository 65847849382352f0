"""Every writer: all cells, in order, under their own names, and no half-written file."""

from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from spatialcore import columns
from spatialcore.errors import InputError
from spatialcore.io import (
    export_cellxgene,
    read_spatial,
    write_annotated,
    write_calls,
    write_explorer_groups,
    write_vitessce,
)
from tests.io.bundles import merscope_ids, sample, write_merscope, write_xenium


def called(n_cells: int, seed: int = 0) -> anndata.AnnData:
    """Return cells with calls in every column that annotation writes."""
    adata = sample(n_cells, 6, seed)
    rng = np.random.default_rng(seed)
    sure = rng.random(n_cells)
    types = np.array(["B cell", "CD4-positive, alpha-beta T cell"])[rng.integers(0, 2, n_cells)]
    adata.obs[columns.PREDICTED] = types
    adata.obs[columns.CELL_TYPE] = pd.Categorical(np.where(sure > 0.3, types, columns.UNASSIGNED))
    adata.obs[columns.CONFIDENCE] = sure
    adata.obs[columns.ONTOLOGY_ID] = np.where(types == "B cell", "CL:0000236", "CL:0000624")
    adata.obs[columns.UNASSIGNED_REASON] = np.where(sure > 0.3, "", columns.REASON_LOW_CONFIDENCE)
    adata.obsm[columns.DECISION_SCORES] = pd.DataFrame(rng.normal(size=(n_cells, 2)), adata.obs_names, ["B", "T"])
    adata.uns[columns.MANIFEST] = {"n_cells": n_cells}
    return adata


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n_cells=st.integers(1, 40), seed=st.integers(0, 99))
def test_every_writer_keeps_cells_and_order(tmp_path_factory: pytest.TempPathFactory, n_cells: int, seed: int) -> None:
    adata, folder = called(n_cells, seed), tmp_path_factory.mktemp("out")
    ids = adata.obs_names.tolist()
    for name in ("a.h5ad", "a.zarr"):
        back = read_spatial(write_annotated(adata, folder / name))
        assert back.obs_names.tolist() == ids
        assert back.obs[columns.CELL_TYPE].tolist() == adata.obs[columns.CELL_TYPE].tolist()
    assert pd.read_parquet(write_calls(adata, folder / "calls.parquet"))["cell_id"].tolist() == ids
    groups = pd.read_csv(write_explorer_groups(adata, folder / "groups.csv"), dtype=str, keep_default_na=False)
    assert groups.columns.tolist() == ["cell_id", "group"]
    assert groups["cell_id"].tolist() == ids
    assert groups["group"].tolist() == adata.obs[columns.CELL_TYPE].tolist()
    assert anndata.read_zarr(write_vitessce(adata, folder / "web") / "data.zarr").obs_names.tolist() == ids
    facts = {"tissue_ontology_term_id": "UBERON:0000310", "disease_ontology_term_id": "PATO:0000461", "donor_id": "d"}
    adata.uns[columns.SOURCE] = {"platform": "Xenium"}
    adata.layers["counts"] = adata.X + csr_matrix(np.eye(n_cells, 6, dtype=np.float32) * 50)
    adata = adata[: min(n_cells, 6)].copy()  # of these no two have the same counts
    portal = anndata.read_h5ad(export_cellxgene(adata, folder / "portal.h5ad", title="t", **facts))
    assert portal.obs_names.tolist() == ids[:6]


def contents(path: Path) -> dict[str, tuple[object, ...]]:
    """Return everything that an HDF5 file holds: by path the attributes, the kind and the values."""
    found: dict[str, tuple[object, ...]] = {}

    def note(name: str, node: h5py.Group | h5py.Dataset) -> None:
        attributes = {key: np.asarray(value).tolist() for key, value in node.attrs.items()}
        held = (str(node.dtype), np.asarray(node[()]).tolist()) if isinstance(node, h5py.Dataset) else ()
        found[name] = (attributes, *held)

    with h5py.File(path) as file:
        note("/", file)
        file.visititems(note)
    return found


@pytest.mark.parametrize("kind", ["whole", "view", "backed"])
def test_an_h5ad_holds_what_anndata_itself_would_write(tmp_path: Path, kind: str) -> None:
    adata = called(30)
    adata.layers["dense"] = adata.X.toarray()
    adata.raw = adata.copy()
    adata.obsp["near"] = csr_matrix(np.eye(30))
    adata.uns |= {"number": 3, "nested": {"text": "a", "flags": np.array([True, False])}, "none": np.zeros(0)}
    adata.write_h5ad(tmp_path / "source.h5ad")
    adata = {"whole": adata, "view": adata[5:20, :3]}.get(kind) or anndata.read_h5ad(
        tmp_path / "source.h5ad", backed="r"
    )
    mine = write_annotated(adata, tmp_path / "mine.h5ad")
    adata.write_h5ad(tmp_path / "stock.h5ad")
    assert contents(mine) == contents(tmp_path / "stock.h5ad")


def test_an_h5ad_is_no_larger_than_gzip_alone_makes_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    adata = anndata.AnnData(csr_matrix(rng.poisson(0.2, (4000, 300)).astype(np.float32)))
    adata.obsm["scores"] = rng.normal(size=(4000, 9))
    mine = write_annotated(adata, tmp_path / "mine.h5ad")
    adata.write_h5ad(tmp_path / "stock.h5ad", compression="gzip")
    assert mine.stat().st_size < (tmp_path / "stock.h5ad").stat().st_size


def test_long_numbers_survive_the_whole_way(tmp_path: Path) -> None:
    adata = read_spatial(write_merscope(tmp_path / "region", sample(12, 4)))
    adata.obs[columns.CELL_TYPE] = "B cell"
    adata = read_spatial(write_annotated(adata, tmp_path / "a.h5ad"))
    groups = pd.read_csv(write_explorer_groups(adata, tmp_path / "g.csv"), dtype=str)
    assert groups["cell_id"].tolist() == merscope_ids(12)
    assert pd.read_parquet(write_calls(adata, tmp_path / "c.parquet"))["cell_id"].tolist() == merscope_ids(12)


def test_what_the_reader_found_out_outlives_the_file(tmp_path: Path) -> None:
    adata = read_spatial(write_xenium(tmp_path / "run", sample(5, 3)))
    back = read_spatial(write_annotated(adata, tmp_path / "a.h5ad"))
    assert back.uns[columns.SOURCE]["platform"] == "Xenium"


def test_the_instruments_column_of_identifiers_wins_over_row_numbers(tmp_path: Path) -> None:
    adata = called(4)
    adata.obs["cell_id"] = [7.0, 8.0, 9.0, 10.0]
    adata.obs_names = ["0", "1", "2", "3"]
    text = write_explorer_groups(adata, tmp_path / "g.csv").read_text()
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["7", "8", "9", "10"]


def test_a_cell_without_a_group_is_unassigned(tmp_path: Path) -> None:
    adata = called(3)
    adata.obs[columns.CELL_TYPE] = pd.Categorical(["B cell", None, "B cell"])
    groups = pd.read_csv(write_explorer_groups(adata, tmp_path / "g.csv"))
    assert groups["group"].tolist() == ["B cell", "Unassigned", "B cell"]


def test_a_failed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = write_annotated(called(5), tmp_path / "a.h5ad")
    before = path.read_bytes()
    broken = called(5)
    broken.uns["unwritable"] = object()
    with pytest.raises(Exception, match="object"):
        write_annotated(broken, path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["a.h5ad"]


def test_a_zarr_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_annotated(called(5), tmp_path / "a.zarr")
    write_annotated(called(9), tmp_path / "a.zarr")
    assert read_spatial(tmp_path / "a.zarr").n_obs == 9
    assert [item.name for item in tmp_path.iterdir()] == ["a.zarr"]


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.h5ad or \.zarr"):
        write_annotated(called(2), tmp_path / "a.csv")


def test_data_without_calls_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cell_type"):
        write_calls(sample(3, 3), tmp_path / "c.parquet")
    with pytest.raises(InputError, match="cell_type"):
        write_explorer_groups(sample(3, 3), tmp_path / "g.csv")
