"""The sparse rank-sum against scipy, ties and all."""

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
            theirs = mannwhitneyu(inside, outside, use_continuity=False, method="asymptotic", alternative="greater")
            assert result.auc[k, j] == pytest.approx(theirs.statistic / (inside.size * outside.size))
            from scipy.stats import norm

            assert norm.sf(result.z[k, j]) == pytest.approx(theirs.pvalue)


def test_cells_outside_the_groups_take_no_part(rng):
    dense = rng.poisson(1.0, (60, 3)).astype(float)
    codes = rng.integers(-1, 2, 60)
    kept = codes >= 0
    whole = rank_sum(csr_matrix(dense), Groups(("a", "b"), codes))
    alone = rank_sum(csr_matrix(dense[kept]), Groups(("a", "b"), codes[kept]))
    np.testing.assert_allclose(whole.auc, alone.auc)
