"""Input of the trainers: counts of the reference, a sample of the query, and whether it is imaging data."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.training import trainers
from spatialcore.annotation.training.celltypist import CellTypistOptions
from spatialcore.annotation.training.classes import read_labels
from spatialcore.annotation.training.fitting import TargetPlatform
from spatialcore.annotation.training.platform import Platform
from spatialcore.annotation.training.trainers import (
    drawn_cells,
    is_imaging,
    query_sample,
    reference_counts,
    train_celltypist,
    train_logistic,
)
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import InputError
from tests.annotation.conftest import as_adata, simulate
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
    monkeypatch.setattr(trainers, "MAX_QUERY_CELLS", 50)
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


@pytest.mark.parametrize("depths", [-3, [], [np.nan], [10, 0]])
def test_depths_are_positive_numbers(simulated: Simulated, depths: object) -> None:
    labels = read_labels(simulated[0].obs, columns.UNIFIED_CELL_TYPE, "")
    with pytest.raises(InputError, match="depths must be positive numbers"):
        train_logistic(simulated[0], labels, query=None, depths=depths, random_state=0)  # type: ignore[arg-type]


def test_a_class_without_counts_on_the_shared_genes_is_named(rng: np.random.Generator) -> None:
    counts, types, _ = simulate(90, 3, 20, 200, rng)
    table = counts.toarray()
    table[types == 2, :10] = 0
    reference = as_adata(sparse.csr_matrix(table), types)
    query = as_adata(counts, types, logged=False)[:, :10].copy()
    labels = read_labels(reference.obs, columns.UNIFIED_CELL_TYPE, "")
    with pytest.raises(InputError, match="no cell of type 2 has a count on the shared genes"):
        train_logistic(reference, labels, query=query, depths=None, random_state=0)


def test_the_logarithms_of_a_reference_are_used_unchanged(simulated: Simulated) -> None:
    reference = simulated[0][:200].copy()
    counts = reference.layers[columns.COUNTS]
    del reference.layers[columns.COUNTS]
    labels = read_labels(reference.obs, columns.UNIFIED_CELL_TYPE, "")
    options = CellTypistOptions(use_SGD=False, max_iter=20)
    from_logs = train_celltypist(reference, labels, options, 0)
    reference.X = counts
    from_counts = train_celltypist(reference, labels, options, 0)
    np.testing.assert_allclose(from_logs.linear.coef, from_counts.linear.coef, atol=1e-4)
    mean = log1p_normalize(counts, 1e4).mean(axis=0).A1
    np.testing.assert_allclose(from_logs.linear.mean, mean, rtol=1e-4)
