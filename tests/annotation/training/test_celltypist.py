"""CellTypist's recipe: the coefficients equal those of celltypist.train with the same seed."""

from typing import Any

import celltypist
import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from spatialcore.annotation.training.celltypist import CellTypistOptions, fit_celltypist
from spatialcore.core.normalization import log1p_normalize
from tests.annotation.conftest import simulate

Data = tuple[sparse.csr_matrix, np.ndarray, np.ndarray]


@pytest.fixture
def data(rng: np.random.Generator) -> Data:
    counts, types, _ = simulate(300, 3, 30, 500, rng)
    return log1p_normalize(counts, 1e4), np.array([f"type {t}" for t in types]), np.array([f"G{i}" for i in range(30)])


@pytest.mark.parametrize("options", [{}, {"balance_cell_type": False}, {"mini_batch": False}])
def test_coefficients_are_those_of_celltypist(data: Data, options: dict[str, Any]) -> None:
    X, labels, genes = data
    chosen = CellTypistOptions(batch_size=100, batch_number=5, epochs=2, **options)
    linear, classes, features = fit_celltypist(X, labels, genes, chosen, 3)
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    stock = celltypist.train(
        X,
        labels,
        genes,
        check_expression=False,
        use_SGD=True,
        mini_batch=chosen.mini_batch,
        balance_cell_type=chosen.balance_cell_type,
        batch_size=100,
        batch_number=5,
        epochs=2,
        random_state=3,
    )
    np.random.set_state(state)  # noqa: NPY002
    assert classes == tuple(stock.cell_types)
    assert features == tuple(stock.features)
    np.testing.assert_array_equal(linear.coef, stock.classifier.coef_)
    np.testing.assert_array_equal(linear.mean, stock.scaler.mean_)


def test_the_global_seed_is_unchanged(data: Data) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    fit_celltypist(*data, CellTypistOptions(), 0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("n_types", [2, 3])
def test_one_against_rest_equals_scikit_learn(n_types: int, data: Data) -> None:
    X, labels, genes = data
    rows = np.flatnonzero(labels < f"type {n_types}")
    linear, classes, _ = fit_celltypist(X[rows], labels[rows], genes, CellTypistOptions(use_SGD=False), 0)
    scaled = np.minimum(StandardScaler().fit_transform(X[rows].toarray()), 10)
    assert linear.coef.shape[0] == (1 if n_types == 2 else 3)
    for row, name in zip(linear.coef, classes[1:] if n_types == 2 else classes, strict=True):
        oracle = LogisticRegression(max_iter=100).fit(scaled, labels[rows] == name)
        np.testing.assert_allclose(row, oracle.coef_[0], atol=1e-6)


def test_genes_without_expression_are_left_out(data: Data) -> None:
    X, labels, genes = data
    empty = sparse.csr_matrix(sparse.hstack([X, sparse.csr_matrix((X.shape[0], 2))]))
    features = fit_celltypist(empty, labels, np.array([*genes, "Z1", "Z2"]), CellTypistOptions(), 0)[2]
    assert features == tuple(genes)
