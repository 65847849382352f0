"""Raw counts from layers, raw.X or X."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore.io.counts import raw_counts

COUNTS = np.array([[0.0, 3.0, 1.0], [2.0, 0.0, 4.0]], dtype=np.float32)
LOGGED = np.log1p(COUNTS / 7 * 10_000)


def stored_in(source: str) -> AnnData:
    var = pd.DataFrame(index=["A", "B", "C"])
    if source == "X":
        return AnnData(COUNTS, var=var)
    if source == "raw.X":
        adata = AnnData(COUNTS, var=var)
        adata.raw = adata.copy()
        adata = adata[:, ["A", "C"]].copy()
        adata.X = LOGGED[:, [0, 2]]
        return adata
    return AnnData(LOGGED, var=var, layers={source: COUNTS})


@pytest.mark.parametrize("source", ["counts", "raw_counts", "raw", "raw.X", "X"])
def test_counts_and_their_features(source: str) -> None:
    counts = raw_counts(stored_in(source))
    assert counts is not None
    np.testing.assert_array_equal(counts.matrix.toarray(), COUNTS)
    assert counts.matrix.dtype == np.float32
    assert counts.names == ["A", "B", "C"]


def test_no_counts() -> None:
    assert raw_counts(AnnData(LOGGED)) is None
