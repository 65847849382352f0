"""The sparse rank-sum test, compared with scipy."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from scipy.stats import mannwhitneyu

from spatialcore.plotting.groups import Groups
from spatialcore.plotting.ranksum import rank_sum


@pytest.mark.parametrize("kind", ["counts", "continuous", "negative", "constant"])
@pytest.mark.parametrize("form", [csr_matrix, np.asarray])
def test_agrees_with_scipy(rng, kind, form):
    dense = {
        "counts": rng.poisson(0.4, (120, 5)).astype(float),
        "continuous": random_array((120, 5), density=0.3, rng=rng).toarray(),
        "negative": rng.integers(-2, 3, (120, 5)).astype(float),
        "constant": np.ones((120, 5)),
    }[kind]
    codes = rng.integers(0, 3, 120)
    result = rank_sum(form(dense), Groups(("a", "b", "c"), codes))
    for k in range(3):
        for j in range(5):
            inside, outside = dense[codes == k, j], dense[codes != k, j]
            if kind == "constant":
                assert (result.auc[k, j], result.z[k, j]) == (0.5, 0.0)
                continue
            expected = mannwhitneyu(inside, outside, use_continuity=False, method="asymptotic", alternative="greater")
            assert result.auc[k, j] == pytest.approx(expected.statistic / (inside.size * outside.size))
            from scipy.stats import norm

            assert norm.sf(result.z[k, j]) == pytest.approx(expected.pvalue)


def test_cells_outside_the_groups_are_excluded(rng):
    dense = rng.poisson(1.0, (60, 3)).astype(float)
    codes = rng.integers(-1, 2, 60)
    in_groups = codes >= 0
    all_cells = rank_sum(csr_matrix(dense), Groups(("a", "b"), codes))
    subset = rank_sum(csr_matrix(dense[in_groups]), Groups(("a", "b"), codes[in_groups]))
    np.testing.assert_allclose(all_cells.auc, subset.auc)
