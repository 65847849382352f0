"""Class profiles of a section: those of the reference, with the counts of the section's own cells added.

The profiles of the reference differ from those of the tissue, and the mixture explains a part of the difference by
neighbours. Where spill-over is detected, the counts of the section's cells are added to the profiles of their classes:
of each count the probability that it is the cell's own, given its neighbourhood. Cells weigh by the square of the
probability of their class and by the twelfth power of their own share, since shares are underestimated where they are
large; the profile of the reference weighs as much as sixty cells.
"""

from typing import Final

import numpy as np

from spatialcore.annotation.spillover.mixture import SHARES, Block, Posterior
from spatialcore.core.normalization import row_totals
from spatialcore.core.types import Floats

PRIOR_CELLS: Final = 60.0
CLASS_POWER: Final = 2
OWN_POWER: Final = 12


def section_profiles(block: Block, mixture: Posterior, profiles: Floats) -> Floats:
    """Return the class profiles of a section, classes x genes, rows summing to one.

    Parameters
    ----------
    block, mixture
        Cells of the section, and the posterior of the mixture for them.
    profiles
        Of the reference, as the section's platform measures them, classes x genes.
    """
    rows, genes = block.entries
    values, n_genes = block.counts.data.astype(np.float32), profiles.shape[1]
    expected = profiles.astype(np.float32)
    nearby = (block.composition @ expected)[rows, genes]
    own_power = (1 - mixture.foreign_share(block)) ** OWN_POWER
    sums = PRIOR_CELLS * float(np.median(row_totals(block.counts))) * profiles
    for j in range(block.candidates.shape[1]):
        classes = block.candidates[rows, j]
        of_class = expected[classes, genes]
        share_of_own = np.zeros(len(values), np.float32)
        for s, share in enumerate(SHARES.astype(np.float32)):
            part = (1 - share) * of_class
            share_of_own += mixture.shares[rows, j, s].astype(np.float32) * part / (part + share * nearby)
        weights = (mixture.classes[:, j] ** CLASS_POWER * own_power)[rows] * values * share_of_own
        sums += np.bincount(classes * n_genes + genes, weights, minlength=sums.size).reshape(sums.shape)
    result: Floats = sums / sums.sum(axis=1, keepdims=True)
    return result
