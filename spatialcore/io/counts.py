"""Raw counts of an AnnData from layers, raw.X or X, with their var frame."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csr_matrix

from spatialcore.annotation.expression.data import matrix_of, var_of
from spatialcore.core.matrix import open_matrix
from spatialcore.core.normalization import check_normalization_status


@dataclass(frozen=True)
class RawCounts:
    """Counts (cells x features) and their var frame; raw.X can have more features than X."""

    matrix: csr_matrix
    var: pd.DataFrame

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        return [str(name) for name in self.var.index]


def raw_counts(adata: AnnData) -> RawCounts | None:
    """Return raw counts from layers, raw.X or X, in this order; None if there are none.

    Examples
    --------
    >>> counts = raw_counts(AnnData(np.array([[0.0, 3.0], [2.0, 1.0]])))
    >>> counts.matrix.toarray().tolist(), counts.names
    ([[0.0, 3.0], [2.0, 1.0]], ['0', '1'])
    """
    source = check_normalization_status(adata)["raw_source"]
    if source is None:
        return None
    matrix = open_matrix(matrix_of(adata, source)).take(np.arange(adata.n_obs)).astype(np.float32)
    matrix.eliminate_zeros()
    return RawCounts(matrix, var_of(adata, source))
