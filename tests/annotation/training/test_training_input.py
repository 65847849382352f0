"""Input of training: counts of the reference, a sample of the query, and whether it is imaging data."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.training import training_input as module
from spatialcore.annotation.training.classes import read_labels
from spatialcore.annotation.training.platform.estimate import Platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.training_input import (
    drawn_cells,
    is_imaging,
    query_sample,
    reference_counts,
    training_input,
)
from tests.annotation.reference_data import make_reference

Simulated = tuple[AnnData, AnnData, np.ndarray]
ROWS = np.array([0, 5, 9])


@pytest.mark.parametrize("state", ["raw", "log1p_10k", "log1p_cpm"])
def test_counts_of_the_reference(state: str) -> None:
    adata = make_reference(state=state)
    np.testing.assert_allclose(reference_counts(adata, ROWS).toarray(), adata.uns["truth"][ROWS], rtol=1e-3)
    adata.layers[columns.COUNTS] = adata.uns["truth"] + 1
    np.testing.assert_array_equal(reference_counts(adata, ROWS).toarray(), adata.uns["truth"][ROWS] + 1)


def test_cells_drawn_from_a_profile() -> None:
    adata = make_reference(labels=["B", "T"])
    assert drawn_cells(adata).tolist() == [False, False]
    adata.obs[columns.REFERENCE_KIND] = pd.Categorical([columns.KIND_PROFILES, "cells"])
    assert drawn_cells(adata).tolist() == [True, False]


def test_a_sample_of_the_query(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUERY_CELLS", 50)
    genes = np.array(["absent", "G3", "G1"], dtype=object)
    sample, positions = query_sample(simulated[1], genes, 0)
    assert sample.shape == (50, 2)
    assert positions.tolist() == [1, 2]
    rows = {tuple(row) for row in sparse.csr_matrix(simulated[1][:, ["G3", "G1"]].X).toarray()}
    assert {tuple(row) for row in sample.toarray()} <= rows
    np.testing.assert_array_equal(query_sample(simulated[1], genes, 0)[0].toarray(), sample.toarray())


def test_imaging_has_coordinates_or_uneven_genes(simulated: Simulated) -> None:
    def target(spread: float) -> TargetPlatform:
        efficiency = np.exp(np.tile([-spread, spread], 40))
        return TargetPlatform(platform=Platform(np.ones(3), efficiency, 0.0, np.full(80, 1 / 80)))

    query = simulated[1].copy()
    assert is_imaging(query, target(1.2))
    assert not is_imaging(query, target(0.5))
    query.obsm[columns.SPATIAL] = np.zeros((query.n_obs, 2))
    assert is_imaging(query, target(0.5))
    assert not is_imaging(query, TargetPlatform())


def test_genes_of_both_and_cells_with_counts_on_them(simulated: Simulated) -> None:
    reference, query = simulated[0].copy(), simulated[1][:, 10:].copy()
    counts = reference.layers[columns.COUNTS].tolil()
    counts[3, 10:] = 0  # only genes that the query does not have
    counts[:, 20] = 0
    reference.layers[columns.COUNTS] = counts.tocsr()
    labels = read_labels(reference.obs, columns.UNIFIED_CELL_TYPE, "")
    inputs = training_input(reference, labels, query, 0)
    kept, genes = np.delete(np.arange(reference.n_obs), 3), [*range(10, 20), *range(21, reference.n_vars)]
    assert inputs.genes.tolist() == reference.var_names[genes].tolist()
    np.testing.assert_array_equal(inputs.cells.counts.toarray(), counts.toarray()[np.ix_(kept, genes)])
    assert inputs.cells.codes.tolist() == labels.codes[kept].tolist()
    assert inputs.query is not None
    assert inputs.query.shape == (query.n_obs, len(genes))
    assert training_input(reference, labels, None, 0).query is None
