from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialcore.errors import InputError
from spatialcore.workflow.dataset import MAX_TYPES, PROFILES, refusal, summarize_dataset, summarize_reference
from tests.workflow import tissue


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    counts = csr_matrix(np.random.default_rng(0).poisson(2.0, (60, 3)).astype(np.float32))
    obs = pd.DataFrame(
        {"cell_type": ["B", "T", "NK"] * 20, "barcode": [f"x{i}" for i in range(60)], "area": np.arange(60.0)},
        index=[f"c{i}" for i in range(60)],
    )
    var = pd.DataFrame(index=["KARS", "ENSG00000141510", "NegControlProbe_1"])
    path = tmp_path / "cells.h5ad"
    anndata.AnnData(counts, obs=obs, var=var, obsm={"spatial": np.zeros((60, 2))}).write_h5ad(path)
    return path


def test_summary_of_a_file_equals_the_file(cells: Path) -> None:
    summary = summarize_dataset(cells)
    adata = anndata.read_h5ad(cells)
    assert (summary.cells, summary.status["raw_source"], summary.coordinates) == (60, "X", True)
    assert len(summary.genes) == 2  # the third feature is a control
    assert summary.genes[1] == "TP53"
    assert summary.values_per_cell == pytest.approx((adata.X > 0).sum(axis=1).mean())
    assert summary.counts_per_cell == np.median(np.asarray(adata.X.sum(axis=1)))


def test_label_columns_are_text_with_repeated_values(cells: Path) -> None:
    labels = summarize_dataset(cells).labels
    assert list(labels) == ["cell_type"]
    assert labels["cell_type"].to_dict() == {"B": 20, "T": 20, "NK": 20}
    assert MAX_TYPES > 3


def test_genes_match_by_id_and_previous_symbol(cells: Path) -> None:
    assert summarize_dataset(cells).has_genes(["KARS1", "TP53", "CD3E"]).tolist() == [True, True, False]


def test_profiles_are_a_reference_but_not_a_query(tmp_path: Path) -> None:
    path = tmp_path / "profiles.csv"
    table = pd.DataFrame({"B cell": [9.0, 0.0, 4.0], "T cell": [0.0, 9.0, 4.0]}, index=["MS4A1", "CD3E", "PTPRC"])
    table.to_csv(path, index_label="gene")
    summary = summarize_reference(path, "cell_type")
    assert summary.format is PROFILES
    assert summary.query_refusal is not None
    assert summary.reference_refusal is None
    assert set(summary.labels["cell_type"].index) == {"B cell", "T cell"}


def test_a_refusal_has_the_message_of_the_error() -> None:
    error = InputError("no cells", hint="pass cells")

    def failing() -> None:
        raise error

    assert refusal(failing) is error
    assert refusal(lambda: None) is None


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_a_file_without_cells_and_coordinates(tmp_path: Path, ending: str) -> None:
    empty = tissue.reference()[:0].copy()
    path = tmp_path / f"empty.{ending}"
    empty.write_h5ad(path) if ending == "h5ad" else empty.write_zarr(path)
    summary = summarize_dataset(path)
    assert (summary.cells, summary.coordinates) == (0, False)
    assert summary.query_refusal is not None
    assert summary.reference_refusal is not None
