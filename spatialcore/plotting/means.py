"""Mean expression of types x genes: the genes asked for, on a scale that compares, similar types side by side."""

from typing import Any

import numpy as np
import pandas as pd

from spatialcore.plotting.tile_plot import Matrix


def of_genes(means: Matrix, genes: Any, chosen: pd.DataFrame) -> Matrix:
    """Return the columns of the chosen genes, in their order."""
    return means[:, pd.Index(genes).get_indexer(pd.Index(chosen["gene"]))]


def z_scores(means: Matrix) -> Matrix:
    """Scale each gene to mean 0 and deviation 1 over the types; a gene that is the same in all is 0."""
    spread = means.std(axis=0)
    scores: Matrix = np.divide(means - means.mean(axis=0), spread, out=np.zeros_like(means), where=spread > 0)
    return scores


def similar_first(means: Matrix) -> list[int]:
    """Order types so that neighbours look alike (average linkage on correlation, optimal leaves)."""
    if len(means) < 3:
        return list(range(len(means)))
    from scipy.cluster.hierarchy import leaves_list, linkage

    centred = means - means.mean(axis=0)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 0)
    return [int(i) for i in leaves_list(linkage(unit, "average", optimal_ordering=True))]


def from_lowest_to_highest(means: Matrix) -> Matrix:
    """Scale each gene from 0, its lowest type, to 1, its highest."""
    low, high = means.min(axis=0), means.max(axis=0)
    scaled: Matrix = np.divide(means - low, high - low, out=np.zeros_like(means), where=high > low)
    return scaled
