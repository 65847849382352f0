"""How held-out cells were called: reliability of the confidence, and confusion of the classes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spatialcore.core.types import Codes, Floats


@dataclass(frozen=True)
class CrossValidationResult:
    """Held-out cells: the truth, the best class, the confidence, and whether the cell was drawn from a profile."""

    truth: Codes
    best: Codes
    confidence: Floats
    n_classes: int
    drawn: npt.NDArray[np.bool_]

    def measured(self) -> "CrossValidationResult":
        """Return the real cells alone, or all where every cell was drawn from a profile."""
        real = ~self.drawn
        if not real.any() or real.all():
            return self
        return CrossValidationResult(
            self.truth[real], self.best[real], self.confidence[real], self.n_classes, self.drawn[real]
        )

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each call is right."""
        right: npt.NDArray[np.bool_] = self.best == self.truth
        return right

    def reliability(self, n_bins: int = 10) -> list[dict[str, float]]:
        """Return, per bin of the confidence that holds cells: its bounds, cells, mean confidence, share right."""
        bins = np.minimum((self.confidence * n_bins).astype(np.intp), n_bins - 1)
        return [
            {
                "low": k / n_bins,
                "high": (k + 1) / n_bins,
                "n_cells": int((bins == k).sum()),
                "confidence": float(self.confidence[bins == k].mean()),
                "accuracy": float(self.right[bins == k].mean()),
            }
            for k in range(n_bins)
            if (bins == k).any()
        ]

    def confusion(self) -> npt.NDArray[np.intp]:
        """Return counts of cells, truth x call."""
        table = np.zeros((self.n_classes, self.n_classes), dtype=np.intp)
        np.add.at(table, (self.truth, self.best), 1)
        return table
