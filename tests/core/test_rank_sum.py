"""Rank-sum statistics, compared with scipy."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse, stats

from spatialcore.core.rank_sum import rank_sum


@pytest.mark.parametrize("values", ["counts", "continuous", "negative", "float32"])
@pytest.mark.parametrize("form", [sparse.csr_matrix, np.asarray])
def test_auc_and_z_are_those_of_scipy(
    rng: np.random.Generator, values: str, form: Callable[[np.ndarray], np.ndarray | sparse.csr_matrix]
) -> None:
    X = {
        "counts": rng.poisson(0.4, (120, 4)).astype(float),
        "continuous": sparse.random_array((120, 4), density=0.3, rng=rng).toarray(),
        "negative": rng.integers(-2, 3, (120, 4)).astype(float),
        "float32": rng.poisson(1.0, (120, 4)).astype(np.float32),
    }[values]
    codes = rng.integers(-1, 3, 120)
    result = rank_sum(form(X), codes, 3)
    for group in range(3):
        inside, outside = X[codes == group], X[(codes >= 0) & (codes != group)]
        for gene in range(4):
            test = stats.mannwhitneyu(
                inside[:, gene], outside[:, gene], method="asymptotic", use_continuity=False, alternative="greater"
            )
            assert result.auc[group, gene] == pytest.approx(test.statistic / (len(inside) * len(outside)))
            assert stats.norm.sf(result.z[group, gene]) == pytest.approx(test.pvalue)


@pytest.mark.parametrize("form", [sparse.csr_matrix, np.asarray])
def test_equal_values_do_not_distinguish_groups(
    rng: np.random.Generator, form: Callable[[np.ndarray], np.ndarray | sparse.csr_matrix]
) -> None:
    result = rank_sum(form(np.ones((60, 2))), rng.integers(0, 3, 60), 3)
    assert (result.auc == 0.5).all()
    assert (result.z == 0.0).all()


def test_cells_outside_the_groups_are_excluded(rng: np.random.Generator) -> None:
    X = rng.poisson(1.0, (60, 3)).astype(float)
    codes = rng.integers(-1, 2, 60)
    in_groups = codes >= 0
    all_cells = rank_sum(sparse.csr_matrix(X), codes, 2)
    subset = rank_sum(sparse.csr_matrix(X[in_groups]), codes[in_groups], 2)
    np.testing.assert_allclose(all_cells.auc, subset.auc)
