"""Queries with one dominant class: a plainer model, and calls that take class frequencies into account.

Where one class has most cells of the query, its cells are assigned to its siblings when the gene efficiencies are
estimated, which are then those of the class rather than of the platform. A model of the reference at the query's depths
without efficiencies ("thinned") does not have this fault, but is worse in other queries. With S the sum of squared
shares of the classes as the thinned model calls the query, both are averaged with the weight ``(S - .4) / .2`` of the
thinned one, 0 to 1: their weights are, so that the model stays linear. The class profiles that vote on imaging data are
averaged in the same way, by their logarithms: those with efficiencies, and those of the reference.

Classes are nearly balanced in training, so that even the rare misclassified cells of the dominant class outnumber the
cells of the other classes. In such queries a fraction of the logarithm of each class's share is added to its score (to
the intercepts). Queries without a dominant class are not changed: the estimated shares are not accurate enough to
improve the calls there.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from spatialcore.annotation.model.linear import Standardized
from spatialcore.core.types import Floats

# Of the sum of squared shares: at most .37 in whole queries of the open pairs, mostly more where a class has 80 %.
MIN_SQUARED_SHARES: Final = 0.4
RANGE: Final = 0.1
THINNED_RANGE: Final = 0.2
SUSPECTED: Final = 0.25  # by the matched model, which cannot tell siblings of the class
STRENGTH: Final = 0.75
FLOOR: Final = 0.03
VOTE_SHARE: Final = 0.5  # of the weight of the thinned model, in the profiles that vote
MIN_CLASSES: Final = 3


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

    def added_to(self, model: Standardized) -> Standardized:
        """Return a model whose intercepts contain the score."""
        return replace(model, intercept=model.intercept + self.score)

    def class_weights(self, weights: Floats) -> Floats:
        """Return weights of the classes in the calibration, at least as near to the query's shares as this strength.

        Parameters
        ----------
        weights
            Without regard to what prevails.
        """
        blended: Floats = (1 - self.strength) * weights + self.strength * len(self.shares) * self.shares
        return blended


@dataclass(frozen=True)
class Thinned:
    """A model of the reference at the query's depths, without gene efficiencies, and its weight in the average."""

    model: Standardized
    weight: float

    def blended_with(self, matched: Standardized) -> Standardized:
        """Return the average with the matched model, in the standardization of that one."""
        model, weight = self.model, self.weight
        coef = model.coef * (matched.scale / model.scale)
        intercept = model.intercept + model.coef @ ((matched.mean - model.mean) / model.scale)
        return replace(
            matched,
            coef=(1 - weight) * matched.coef + weight * coef,
            intercept=(1 - weight) * matched.intercept + weight * intercept,
        )

    def blended_profiles(self, matched: Floats, reference: Floats) -> Floats:
        """Return the average of class profiles with and without gene efficiencies, classes x genes.

        Examples
        --------
        >>> thinned = Thinned(Standardized(np.zeros((3, 2)), np.zeros(3), np.zeros(2), np.ones(2)), weight=1.0)
        >>> thinned.blended_profiles(np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])).round(2).tolist()
        [[0.75, 0.25]]
        """
        weight = VOTE_SHARE * self.weight
        profiles = np.exp((1 - weight) * np.log(matched) + weight * np.log(reference))
        profiles /= profiles.sum(axis=1, keepdims=True)
        result: Floats = profiles
        return result


def may_prevail(shares: Floats) -> bool:
    """Return whether one class may prevail, by the shares of the matched model; never of fewer than three classes."""
    return len(shares) >= MIN_CLASSES and float(shares @ shares) > SUSPECTED


def thinned_weight(shares: Floats) -> float:
    """Return the weight of the thinned model, by its shares.

    Examples
    --------
    >>> round(thinned_weight(np.array([0.7, 0.2, 0.1])), 2)
    0.7
    """
    return float(np.clip((shares @ shares - MIN_SQUARED_SHARES) / THINNED_RANGE, 0.0, 1.0))


def find_prevailing(shares: Floats, temperature: float) -> Prevailing | None:
    """Return what to weigh in a query of mainly one class, ``None`` in others and for fewer than three classes.

    Parameters
    ----------
    shares
        The estimated share of each class.
    temperature
        That of the calibration.
    """
    if len(shares) < MIN_CLASSES:
        return None
    strength = STRENGTH * float(np.clip((shares @ shares - MIN_SQUARED_SHARES) / RANGE, 0.0, 1.0))
    return Prevailing(shares, strength, temperature) if strength > 0 else None
