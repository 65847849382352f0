"""Rank-sum statistics of every type against all other cells."""

from scipy.sparse import csc_matrix, csr_matrix

from spatialcore.core import rank_sum as statistics
from spatialcore.core.rank_sum import RankSum
from spatialcore.core.types import Floats
from spatialcore.plotting.groups import Groups


def rank_sum(X: csr_matrix | csc_matrix | Floats, groups: Groups) -> RankSum:
    """Compare each type with all other grouped cells, variable by variable.

    Parameters
    ----------
    X
        Cells x variables. Cells with code -1 are excluded.
    groups
        The types of the cells.
    """
    return statistics.rank_sum(X, groups.codes, len(groups.names))
