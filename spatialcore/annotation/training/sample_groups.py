"""Pool similar samples of a large cohort, so that the time of a training does not grow with their number."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage

from spatialcore.annotation.model.cohort import DEPTH_WEIGHT
from spatialcore.core.normalization import row_totals
from spatialcore.core.types import Floats

MAX_SAMPLES: Final = 16


def group_similar(samples: Mapping[str, sparse.csr_matrix], most: int = MAX_SAMPLES) -> dict[str, sparse.csr_matrix]:
    """Return the samples, or groups of similar ones where there are more than `most`.

    Samples are similar if their mean profile and their depth are: they are clustered (Ward) by the square roots of the
    profiles and the logarithm of the depth, of which the squared distance is about the divergence by which a query is
    matched to a sample (:meth:`spatialcore.annotation.model.cohort.Cohort.nearest`).

    Parameters
    ----------
    samples
        Counts of each sample, cells x genes; the genes are the same in all.
    most
        Largest number of groups.

    Returns
    -------
    dict of str to csr_matrix
        Counts by name. A group is named by the first of its samples in the order of their names.

    Examples
    --------
    >>> deep, shallow = sparse.csr_matrix([[40.0, 10.0]]), sparse.csr_matrix([[4.0, 1.0]])
    >>> sorted(group_similar({"a": deep, "b": shallow, "c": deep}, most=2))
    ['a and 1 more', 'b']
    """
    names = sorted(samples)
    if len(names) <= most:
        return {name: samples[name] for name in names}
    features = np.array([_features(samples[name]) for name in names])
    groups: dict[int, list[str]] = {}
    for name, group in zip(names, fcluster(linkage(features, "ward"), most, "maxclust").tolist(), strict=True):
        groups.setdefault(group, []).append(name)
    return {
        first if not others else f"{first} and {len(others)} more": sparse.vstack(
            [samples[name] for name in (first, *others)], format="csr"
        )
        for first, *others in groups.values()
    }


def _features(counts: sparse.csr_matrix) -> Floats:
    totals = row_totals(counts)
    by_gene = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    depth = np.log(max(float(np.median(totals[totals > 0])), 1.0)) if (totals > 0).any() else 0.0
    return np.append(np.sqrt(2 * by_gene / max(float(by_gene.sum()), 1.0)), np.sqrt(DEPTH_WEIGHT) * depth)
