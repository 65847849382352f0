"""Votes of class profiles in the linear model.

On imaging data, the mean log likelihood per count of a cell under the profiles M_k of the classes,
``sum_g (x_g / N) log M_kg``, ranks the classes of some cells better than logistic regression, which learns details of
the reference that the query does not have. A multiple of it is added to the scores. It is linear in the shares
``x_g / N``, and the model is linear in their log1p values v, so each share is replaced by its regression line on v over
cells of the query: the sum of both is one linear model.

Two sets of profiles vote: those of the reference as the platform measures them, and then those of the query's own
cells, as the model calls them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from scipy import sparse
from scipy.special import softmax

from spatialcore.annotation.model.linear import Standardized
from spatialcore.core.normalization import log1p_normalize, normalize_rows, row_totals
from spatialcore.core.types import Floats

# Scores per nat. With 16 genes, larger votes of the reference help or harm, depending on how fine the classes are.
REFERENCE_VOTE: Final = 3.0
QUERY_VOTE: Final = 2.0
# On held-out cells: profiles of the query help its cells, and are wrong for those of the reference.
HELD_OUT_VOTE: Final = 1.0
PRIOR_CELLS: Final = 10.0
MEAN_SHARE: Final = 0.02


@dataclass(frozen=True)
class ShareLines:
    """The regression line of the share of each gene in a cell's counts on its log1p value.

    Parameters
    ----------
    start, slope
        Of each gene.
    """

    start: Floats
    slope: Floats

    @classmethod
    def of(cls, counts: sparse.csr_matrix, target_sum: float) -> Self:
        """Fit the lines to cells; cells without counts do not count.

        Parameters
        ----------
        counts
            Cells x genes.
        target_sum
            The total to which cells are brought before log1p.
        """
        logs = log1p_normalize(counts[row_totals(counts) > 0], target_sum)
        n, values = max(1, logs.shape[0]), logs.data.astype(np.float64)
        shares = np.expm1(values) / target_sum

        def mean(of_values: Floats) -> Floats:
            sums: Floats = np.bincount(logs.indices, weights=of_values, minlength=logs.shape[1]) / n
            return sums

        log_mean, share_mean = mean(values), mean(shares)
        variance = mean(values**2) - log_mean**2
        covariance = mean(values * shares) - log_mean * share_mean
        slope = np.divide(covariance, variance, out=np.zeros(len(variance)), where=variance > 1e-9)
        return cls(share_mean - slope * log_mean, slope)

    def vote(self, profiles: Floats, model: Standardized) -> Standardized:
        """Return the vote of class profiles as a model with the standardization of another one.

        Parameters
        ----------
        profiles
            Share of each gene, classes x genes.
        """
        logs = np.log(profiles)
        logs -= logs.mean(axis=0)
        if len(logs) == 2:  # CellTypist's two-class form has one row
            logs = logs[1:] - logs[:1]
        coef = logs * self.slope * model.scale
        return replace(model, coef=coef, intercept=logs @ (self.start + self.slope * model.mean))


@dataclass(frozen=True)
class ImagedQuery:
    """Cells of an imaging query, whose class profiles vote.

    Parameters
    ----------
    counts
        Cells x genes.
    target_sum
        The total to which cells are brought before log1p.
    lines
        The share of each gene by its log1p value.
    """

    counts: sparse.csr_matrix
    target_sum: float
    lines: ShareLines

    @classmethod
    def of(cls, counts: sparse.csr_matrix, target_sum: float) -> Self:
        """Fit the lines to the cells."""
        return cls(counts, target_sum, ShareLines.of(counts, target_sum))

    def own_profiles(self, expected: Floats, model: Standardized) -> Floats:
        """Return the class profiles of the query's own cells, see :func:`query_class_profiles`."""
        return query_class_profiles(model, self.target_sum, expected, self.counts)


def add_votes(
    models: list[Standardized], queries: Sequence[ImagedQuery], expected: Sequence[Floats], query_vote: float
) -> list[Standardized]:
    """Add the votes of both sets of profiles to models that differ in mean and scale only.

    Parameters
    ----------
    models
        Of each query; there may be more, which get the same.
    expected
        Expected share of each gene per class on the platform of each query, classes x genes.
    query_vote
        Weight of the profiles of the query's cells.
    """
    parts = list(zip(queries, expected, strict=False))
    votes = [query.lines.vote(one, model) for (query, one), model in zip(parts, models, strict=False)]
    models = _add_mean(models, votes, REFERENCE_VOTE)
    votes = [
        query.lines.vote(query.own_profiles(one, model), model)
        for (query, one), model in zip(parts, models, strict=False)
    ]
    return _add_mean(models, votes, query_vote)


def _add_mean(models: list[Standardized], votes: list[Standardized], weight: float) -> list[Standardized]:
    """Add the mean of some votes, so that the models still share the weights."""
    coef = weight * np.mean([vote.coef for vote in votes], axis=0)
    intercept = weight * np.mean([vote.intercept for vote in votes], axis=0)
    return [replace(model, coef=model.coef + coef, intercept=model.intercept + intercept) for model in models]


def query_class_profiles(model: Standardized, target_sum: float, profiles: Floats, query: sparse.csr_matrix) -> Floats:
    """Return the mean share of each gene over the query's cells of each class, as a model calls them.

    Cells weigh by the square of the probability of their class. Each class is drawn towards its expected profile by
    the weight of ten cells, and by 2 % towards the mean of the query.

    Parameters
    ----------
    model, target_sum
        The model, and the total to which cells are brought before log1p.
    profiles
        Expected share of each gene per class on the platform, classes x genes.
    query
        Counts of query cells on the same genes.
    """
    query = query[row_totals(query) > 0]
    scores = model.on_genes().scores(log1p_normalize(query, target_sum))
    best = scores.argmax(axis=1)
    weights = softmax(scores, axis=1)[np.arange(len(best)), best] ** 2
    members = sparse.csr_matrix((weights, (best, np.arange(len(best)))), shape=(len(profiles), len(best)))
    sums = np.asarray((members @ normalize_rows(query)).todense(), dtype=np.float64)
    expected = profiles / profiles.sum(axis=1, keepdims=True)
    shares = sums + PRIOR_CELLS * expected
    shares /= shares.sum(axis=1, keepdims=True)
    mean = np.asarray(query.sum(axis=0), dtype=np.float64).ravel() + 0.5
    result: Floats = (1 - MEAN_SHARE) * shares + MEAN_SHARE * mean / mean.sum()
    return result
