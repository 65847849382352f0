"""The raw counts of an AnnData, wherever they are, with the features that they are of."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csr_matrix

from spatialcore.core.matrix import open_matrix
from spatialcore.core.normalization import check_normalization_status


@dataclass(frozen=True)
class RawCounts:
    """Counts, cells x features, and the table of the features: raw.X may be wider than X."""

    matrix: csr_matrix
    var: pd.DataFrame

    @property
    def names(self) -> list[str]:
        """The features' names, as text."""
        return [str(name) for name in self.var.index]


def raw_counts(adata: AnnData) -> RawCounts | None:
    """Return the raw counts from layers, raw.X or X, in this order; None where there are none."""
    source = check_normalization_status(adata)["raw_source"]
    if source is None:
        return None
    var = adata.raw.var if source == "raw.X" else adata.var
    places = {"raw.X": lambda: adata.raw.X, "X": lambda: adata.X}
    found = places[source]() if source in places else adata.layers[source.removeprefix("layers/")]
    matrix = open_matrix(found).take(np.arange(adata.n_obs)).astype(np.float32)
    matrix.eliminate_zeros()
    return RawCounts(matrix, var)
