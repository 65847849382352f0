"""All writers: cells in order with their identifiers, and no incomplete files."""

from pathlib import Path

import anndata
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
    write,
    write_annotated,
    write_calls,
    write_explorer_groups,
    write_vitessce,
)
from tests.io.bundles import called, merscope_ids, sample, write_merscope


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n_cells=st.integers(1, 40), seed=st.integers(0, 99))
def test_all_writers_preserve_cells_and_order(
    tmp_path_factory: pytest.TempPathFactory, n_cells: int, seed: int
) -> None:
    adata, folder = called(n_cells, seed), tmp_path_factory.mktemp("out")
    ids = adata.obs_names.tolist()
    for name in ("a.h5ad", "a.zarr"):
        restored = read_spatial(write_annotated(adata, folder / name))
        assert restored.obs_names.tolist() == ids
        assert restored.obs[columns.CELL_TYPE].tolist() == adata.obs[columns.CELL_TYPE].tolist()
    assert pd.read_parquet(write_calls(adata, folder / "calls.parquet"))["cell_id"].tolist() == ids
    groups = pd.read_csv(write_explorer_groups(adata, folder / "groups.csv"), dtype=str, keep_default_na=False)
    assert groups.columns.tolist() == ["cell_id", "group"]
    assert groups["cell_id"].tolist() == ids
    assert groups["group"].tolist() == adata.obs[columns.CELL_TYPE].tolist()
    assert anndata.read_zarr(write_vitessce(adata, folder / "web") / "data.zarr").obs_names.tolist() == ids
    facts = {"tissue_ontology_term_id": "UBERON:0000310", "disease_ontology_term_id": "PATO:0000461", "donor_id": "d"}
    adata.uns[columns.SOURCE] = {"platform": "Xenium"}
    adata.layers["counts"] = csr_matrix(adata.X.toarray() + 100.0 * np.arange(1, n_cells + 1)[:, None])  # all different
    portal = anndata.read_h5ad(export_cellxgene(adata, folder / "portal.h5ad", title="t", **facts))
    assert portal.obs_names.tolist() == ids


def test_identifiers_with_18_digits_are_preserved(tmp_path: Path) -> None:
    adata = read_spatial(write_merscope(tmp_path / "region", sample(12, 4)))
    adata.obs[columns.CELL_TYPE] = "B cell"
    adata = read_spatial(write_annotated(adata, tmp_path / "a.h5ad"))
    groups = pd.read_csv(write_explorer_groups(adata, tmp_path / "g.csv"), dtype=str)
    assert groups["cell_id"].tolist() == merscope_ids(12)
    assert pd.read_parquet(write_calls(adata, tmp_path / "c.parquet"))["cell_id"].tolist() == merscope_ids(12)


def test_a_failed_write_preserves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: anndata.AnnData, part: Path) -> None:
        part.write_bytes(b"half")
        raise OSError("no space left")

    path = write_annotated(called(5), tmp_path / "a.h5ad")
    before = path.read_bytes()
    monkeypatch.setattr(write, "write_h5ad", fail)
    with pytest.raises(OSError, match="no space"):
        write_annotated(called(5), path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["a.h5ad"]


def test_zarr_is_replaced(tmp_path: Path) -> None:
    write_annotated(called(5), tmp_path / "a.zarr")
    write_annotated(called(9), tmp_path / "a.zarr")
    assert read_spatial(tmp_path / "a.zarr").n_obs == 9
    assert [item.name for item in tmp_path.iterdir()] == ["a.zarr"]


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.h5ad or \.zarr"):
        write_annotated(called(2), tmp_path / "a.csv")


def test_data_without_calls(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cell_type"):
        write_calls(sample(3, 3), tmp_path / "c.parquet")
    with pytest.raises(InputError, match="cell_type"):
        write_explorer_groups(sample(3, 3), tmp_path / "g.csv")


def test_calls_in_blocks_are_those_of_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adata = called(40, 0)
    adata.obs[f"{columns.TAXONOMY}class"] = pd.Categorical([None] * 30 + ["neuron"] * 10)  # missing in the first block
    full = pd.read_parquet(write_calls(adata, tmp_path / "whole.parquet"))
    monkeypatch.setattr(write, "BLOCK_CELLS", 7)
    pd.testing.assert_frame_equal(pd.read_parquet(write_calls(adata, tmp_path / "blocks.parquet")), full)
