"""Majority voting within clusters, as CellTypist does it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData

from spatialcore.errors import InputError

HETEROGENEOUS = "Heterogeneous"
DEFAULT_CLUSTERS = "leiden"


def voting_clusters(adata: AnnData, over_clustering: str | None) -> "pd.Series[Any]":
    """Return the clusters to vote in.

    Raises
    ------
    InputError
        The column does not exist.
    """
    column = over_clustering or DEFAULT_CLUSTERS
    if column not in adata.obs:
        raise InputError(
            f"majority_voting=True requires a valid cluster column, and obs has no {column!r}",
            hint="cluster first (scanpy.tl.leiden), or name the column with over_clustering=",
        )
    clusters: pd.Series[Any] = adata.obs[column]
    return clusters


def majority_vote(
    names: npt.NDArray[np.object_], clusters: "pd.Series[Any]", min_prop: float
) -> npt.NDArray[np.object_]:
    """Give every cell the most frequent name of its cluster, or "Heterogeneous" where its share is below `min_prop`.

    Of equally frequent names the first in alphabetical order wins. Cells without a cluster keep their own name.
    """
    votes = pd.crosstab(names, clusters.astype(object).to_numpy())
    winner = votes.idxmax(axis=0).astype(object)
    winner[votes.max(axis=0) / votes.sum(axis=0) < min_prop] = HETEROGENEOUS
    voted = clusters.astype(object).map(winner).to_numpy(dtype=object)
    return np.where(pd.isna(voted), names, voted)
