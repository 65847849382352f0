"""Reference cells as the trainers use them: counts with the class, the groups and the kind of each cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.training.platform.estimate import class_profiles
from spatialcore.core.types import Codes, Floats


@dataclass(frozen=True)
class LabelledCounts:
    """Counts of reference cells and the class of each cell.

    Parameters
    ----------
    counts
        Cells x genes.
    codes
        Class of each cell, 0 to ``n_classes - 1``.
    n_classes
        Number of classes, of which a selection of cells may lack some.
    groups
        Sources and donors of the cells, see :func:`~spatialcore.annotation.training.validation.folds.find_groups`.
    drawn
        Whether each cell was drawn from a profile.
    """

    counts: sparse.csr_matrix
    codes: Codes
    n_classes: int
    groups: Sequence[Codes]
    drawn: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, counts: sparse.csr_matrix, codes: Codes, n_classes: int) -> Self:
        """Return measured cells of unknown sources and donors."""
        return cls(counts, codes, n_classes, (), np.zeros(len(codes), dtype=bool))

    def rows(self, rows: Codes | npt.NDArray[np.bool_]) -> "LabelledCounts":
        """Return the selected cells."""
        groups = tuple(group[rows] for group in self.groups)
        return LabelledCounts(self.counts[rows], self.codes[rows], self.n_classes, groups, self.drawn[rows])

    @cached_property
    def profiles(self) -> Floats:
        """Mean share of each gene per class, classes x genes, see `class_profiles`."""
        return class_profiles(self.counts, self.codes, self.n_classes)
