import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.model.reference_fit import FEWEST_CELLS, ReferenceFit, measure_fit
from spatialcore.core.types import Codes, Floats

GENES, CLASSES = 80, 4


def some_profiles(seed: int) -> Floats:
    shares = np.random.default_rng(seed).dirichlet(np.full(GENES, 0.4), CLASSES) + 2e-3
    return shares / shares.sum(axis=1, keepdims=True)


def some_cells(profiles: Floats, codes: Codes, seed: int = 0, depth: float = 150) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.random.default_rng(seed).poisson(profiles[codes] * depth).astype(np.float64))


def best_classes(cells: sparse.csr_matrix, profiles: Floats) -> Codes:
    return np.asarray(cells @ np.log(profiles).T).argmax(axis=1)


CODES = np.repeat(np.arange(CLASSES), 100)


def test_the_profiles_that_made_the_cells_explain_all() -> None:
    profiles = some_profiles(1)
    fit = measure_fit(some_cells(profiles, CODES), CODES, profiles)
    assert fit.explained == pytest.approx(1, abs=0.02)
    assert not fit.is_misfit
    assert fit.reason == ""
    assert not fit.discount().any()


def test_profiles_of_other_types_explain_little() -> None:
    cells, foreign = some_cells(some_profiles(1), CODES), some_profiles(2)
    fit = measure_fit(cells, best_classes(cells, foreign), foreign)
    assert fit.explained < 0.3
    assert fit.is_misfit
    assert "explain" in fit.reason
    assert (fit.discount() > 2).all()


def test_one_foreign_class_is_discounted_alone() -> None:
    own = some_profiles(1)
    expected = own.copy()
    expected[3] = some_profiles(2)[3]
    fit = measure_fit(some_cells(own, CODES), CODES, expected)
    assert not fit.is_misfit
    discount = fit.discount()
    assert discount[3] > 1
    assert not discount[:3].any()


def test_a_query_of_one_type_is_not_taken_for_a_misfit() -> None:
    profiles = some_profiles(1)
    codes = np.repeat([0, 1, 2, 3], [385, 5, 5, 5])
    fit = measure_fit(some_cells(profiles, codes), codes, profiles)
    assert fit.explained > 0.9


def test_the_share_by_its_definition() -> None:
    profiles = some_profiles(1)
    blurred = 0.6 * profiles + 0.4 * profiles.mean(axis=0)
    counts = 1e5 * profiles  # so many that prior and noise do not matter
    common = np.log(profiles.mean(axis=0))
    reached = (profiles * (np.log(blurred) - common)).sum(axis=1)
    possible = (profiles * (np.log(profiles) - common)).sum(axis=1)
    fit = measure_fit(sparse.csr_matrix(counts), np.arange(CLASSES), blurred)
    np.testing.assert_allclose(fit.by_class, reached / possible, atol=0.01)


def test_few_cells_say_nothing() -> None:
    fit = ReferenceFit(-1.0, np.full(CLASSES, -1.0), FEWEST_CELLS - 1)
    assert not fit.is_misfit
    assert not fit.discount().any()


def test_no_cells() -> None:
    fit = measure_fit(sparse.csr_matrix((0, GENES)), np.zeros(0, dtype=np.intp), some_profiles(1))
    assert fit.explained == 1
    assert not fit.discount().any()
