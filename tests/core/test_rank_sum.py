"""Rank-sum statistics, compared with scipy."""

import numpy as np
import pytest
from scipy import sparse, stats

from spatialcore.core.rank_sum import rank_sum


@pytest.mark.parametrize("as_sparse", [True, False])
def test_auc_and_z_are_those_of_scipy(rng: np.random.Generator, *, as_sparse: bool) -> None:
    X = rng.poisson(1.0, (60, 4)).astype(np.float32)
    codes = rng.integers(-1, 3, 60)
    result = rank_sum(sparse.csr_matrix(X) if as_sparse else X, codes, 3)
    for group in range(3):
        inside, outside = X[codes == group], X[(codes >= 0) & (codes != group)]
        for gene in range(4):
            test = stats.mannwhitneyu(inside[:, gene], outside[:, gene], method="asymptotic", use_continuity=False)
            assert result.auc[group, gene] == pytest.approx(test.statistic / (len(inside) * len(outside)))
            assert 2 * stats.norm.sf(abs(result.z[group, gene])) == pytest.approx(test.pvalue)
