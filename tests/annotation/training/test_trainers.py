"""The two trainers: refused input, and logarithms used unchanged. tests/annotation/training/test_train.py has more."""

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.training.celltypist import CellTypistOptions
from spatialcore.annotation.training.classes import read_labels
from spatialcore.annotation.training.trainers import train_celltypist, train_logistic
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import InputError
from tests.annotation.conftest import as_adata, simulate

Simulated = tuple[AnnData, AnnData, np.ndarray]


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
