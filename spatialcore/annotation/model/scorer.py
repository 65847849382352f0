"""A model folded over the genes of a query: scores and calibration features from blocks of counts."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model.calibration import CalibrationFeatures, ProfileTest, log_probability, margin
from spatialcore.annotation.model.linear import FoldedLinearModel, Standardized
from spatialcore.annotation.model.pair_gain import PairGain
from spatialcore.core.normalization import TARGET_SUM, log1p_normalize, row_totals
from spatialcore.core.types import Codes, Floats


@dataclass(frozen=True)
class Scorer:
    """The folded models of one set of genes.

    Parameters
    ----------
    linear
        The primary model over these genes; its input is log1p at `target_sum`.
    auxiliary, test
        The auxiliary model and the class profiles for the calibration; ``None`` for a model without calibration.
    pairs
        The gain by a second type; ``None`` where the calibration does not use it.
    """

    linear: FoldedLinearModel
    target_sum: float
    auxiliary: FoldedLinearModel | None = None
    test: ProfileTest | None = None
    pairs: PairGain | None = None

    @classmethod
    def build(
        cls,
        linear: Standardized,
        target_sum: float,
        auxiliary: Standardized | None = None,
        profiles: Floats | None = None,
        genes: npt.NDArray[np.intp] | None = None,
        *,
        with_pair_gain: bool = False,
    ) -> Self:
        """Fold the models over all their genes, or over the given ones."""
        if auxiliary is None or profiles is None:
            return cls(linear.on_genes(genes), target_sum)
        test = ProfileTest.from_profiles(profiles if genes is None else profiles[:, genes])
        pairs = PairGain(test.logs) if with_pair_gain else None
        return cls(linear.on_genes(genes), target_sum, auxiliary.on_genes(genes), test, pairs)

    def scores(self, counts: sparse.csr_matrix) -> Floats:
        """Return decision scores of counts (or of anything proportional to them), cells x classes."""
        return self.linear.scores(log1p_normalize(counts, self.target_sum))

    def auxiliary_scores(self, counts: sparse.csr_matrix) -> Floats:
        """Return the auxiliary model's scores as logits of a softmax, cells x classes."""
        if self.auxiliary is None:
            raise TypeError("this model has no auxiliary model")
        scores = self.auxiliary.scores(log1p_normalize(counts, TARGET_SUM))
        return scores / 2 if scores.shape[1] == 2 else scores  # the columns [-s, s] differ by 2 s

    def evidence(
        self,
        counts: sparse.csr_matrix,
        scores: Floats,
        auxiliary: Floats,
        best: Codes,
        temperature: float,
    ) -> CalibrationFeatures:
        """Return the calibration features of each cell and its class `best`."""
        if self.test is None:
            raise TypeError("this model has no class profiles")
        totals = row_totals(counts)
        return CalibrationFeatures(
            margins=margin(scores, best, temperature),
            totals=totals,
            deviance=self.test.deviance(counts, totals, best),
            auxiliary=log_probability(auxiliary, best),
            best=best,
            pair_gain=None if self.pairs is None else self.pairs.of(counts, best),
        )
