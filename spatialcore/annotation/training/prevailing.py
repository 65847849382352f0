"""Queries with one dominant class: calls take class frequencies into account.

Classes are nearly balanced in training. Where one class has most cells of the query, even its rare misclassified cells
outnumber the cells of the other classes. In such queries a fraction of the logarithm of each class's share is added to
its score: to the intercepts, so that the model stays linear. Queries without a dominant class are not changed: the
estimated shares are not accurate enough to improve the calls there.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse
from scipy.special import softmax

from spatialcore.annotation.training.fitting import FittedModels
from spatialcore.core.normalization import log1p_normalize, row_totals
from spatialcore.core.types import Floats

# Of the sum of squared shares: at most .34 in whole queries of the open pairs, mostly more where a class has 80 %.
LOWEST: Final = 0.4
RANGE: Final = 0.1
STRENGTH: Final = 0.75
FLOOR: Final = 0.03
FEWEST_CLASSES: Final = 3


@dataclass(frozen=True)
class Prevailing:
    """What calls weigh in a query of mainly one class.

    Parameters
    ----------
    shares
        Estimated share of each class in the query.
    strength
        How much of the logarithm of the shares is added, 0 to 1.
    temperature
        Unit of the scores.
    """

    shares: Floats
    strength: float
    temperature: float

    @property
    def score(self) -> Floats:
        """What is added to the score of each class."""
        result: Floats = self.strength * self.temperature * np.log(self.shares + FLOOR)
        return result

    def class_weights(self, weights: Floats) -> Floats:
        """Return weights of the classes in the calibration, at least as near to the query's shares as this strength.

        Parameters
        ----------
        weights
            Without regard to what prevails.
        """
        blended: Floats = (1 - self.strength) * weights + self.strength * len(self.shares) * self.shares
        return blended


def find_prevailing(models: FittedModels, query: sparse.csr_matrix, temperature: float) -> Prevailing | None:
    """Return what to weigh in a query of mainly one class, ``None`` in others and for fewer than three classes.

    Parameters
    ----------
    models
        Models with intercepts that do not contain the shares yet.
    query
        Counts of query cells on the same genes.
    temperature
        That of the calibration, which divides the scores before the softmax.
    """
    query = query[row_totals(query) > 0]
    if len(models.profiles) < FEWEST_CLASSES or not query.shape[0]:
        return None
    scores = models.primary.on_genes().scores(log1p_normalize(query, models.target_sum))
    shares: Floats = softmax(scores / temperature, axis=1).mean(axis=0)
    strength = STRENGTH * float(np.clip((shares @ shares - LOWEST) / RANGE, 0.0, 1.0))
    return Prevailing(shares, strength, temperature) if strength > 0 else None
