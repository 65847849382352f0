"""What a model is matched to: the platform of a query, depths, or nothing."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.training.platform.estimate import Platform
from spatialcore.annotation.training.platform.simulate import SIMULATED_CELLS, match_rows, thin_to_depths
from spatialcore.annotation.training.profile_vote import ImagedQuery, add_votes
from spatialcore.core.normalization import TARGET_SUM
from spatialcore.core.types import Codes, Floats


@dataclass(frozen=True)
class TargetPlatform:
    """The data that a model is matched to: a platform estimated from a query, depths alone, or nothing.

    Parameters
    ----------
    imaged
        The cells of an imaging query, for the votes of class profiles.
    """

    platform: Platform | None = None
    depths: Floats | None = None
    imaged: ImagedQuery | None = None

    @property
    def target_sum(self) -> float:
        """The total to which cells are brought before log1p: the median depth, or 10,000 where no depth is known."""
        depths = self.platform.depths if self.platform else self.depths
        return max(float(np.median(depths)), 10.0) if depths is not None and len(depths) else TARGET_SUM

    def simulate(self, counts: sparse.csr_matrix, rng: np.random.Generator) -> sparse.csr_matrix:
        """Return the reference cells as the target platform would measure them."""
        return sparse.csr_matrix(sparse.vstack(self.simulate_rows(counts, None, rng), format="csr"))

    def simulate_rows(
        self, counts: sparse.csr_matrix, rows: Codes | None, rng: np.random.Generator
    ) -> list[sparse.csr_matrix]:
        """Return the same of some of the cells, or of all, in blocks."""
        if self.platform is not None and len(self.platform.depths):
            rows = np.arange(counts.shape[0]) if rows is None else rows
            return match_rows(counts, rows, self.platform, rng)
        counts = counts if rows is None else counts[rows]
        if self.depths is not None and len(self.depths):
            parts = range(0, max(counts.shape[0], 1), SIMULATED_CELLS)
            return [thin_to_depths(counts[first : first + SIMULATED_CELLS], self.depths, rng) for first in parts]
        return [counts]

    @property
    def is_random(self) -> bool:
        """Whether two calls of :meth:`simulate` return different matrices."""
        return self.target_sum != TARGET_SUM

    def expected(self, profiles: Floats) -> Floats:
        """Return the class profiles, classes x genes, as the target platform measures them."""
        return self.platform.expected(profiles) if self.platform else profiles

    def voted(self, model: Standardized, expected: Floats, query_vote: float) -> Standardized:
        """Return a model with the votes of class profiles, where the target is an imaging query."""
        return add_votes([model], [self.imaged], [expected], query_vote)[0] if self.imaged else model
