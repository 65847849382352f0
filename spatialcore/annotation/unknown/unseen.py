"""Lower the confidence of cells whose type the model was not trained on, by the cells with similar expression.

A cell of a type that the reference lacks is called by the most similar class, often with high confidence. The
query has more cells of that type. It is clustered by expression, and two features of each cluster are computed:

- the mean of ``log(c / (1 - c))`` over the confidences c of its cells, and
- the Kullback-Leibler divergence per count of its pooled counts from the nearest class profile, less the expected
  divergence of sampled counts. It is measurable for sixty cells, though not for a single cell.

A logistic regression with fixed coefficients computes the new confidence from these and from that of the cell. It
was fitted on the queries of seven open pairs, whole and with one type at a time hidden from the reference (47 times),
hidden cells weighing a tenth of the others; its slopes differ by a tenth at most if one pair is left out. Terms above
the class keep their share of what the class does not have.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from scipy import sparse
from scipy.special import expit, logit

from spatialcore.annotation.calls.prediction import Prediction
from spatialcore.annotation.model.artifact import CellTypingModel
from spatialcore.annotation.query import Expression
from spatialcore.annotation.unknown.clustering import ExpressionSpace
from spatialcore.core.types import Codes, Floats
from spatialcore.errors import ModelError

MAX_SAMPLED: Final = 20_000
CELLS_PER_CLUSTER: Final = 60
MAX_CLUSTERS: Final = 300
FEWEST_CELLS: Final = 2 * CELLS_PER_CLUSTER
N_COMPONENTS: Final = 20
INTERCEPT: Final = -2.95
SLOPES: Final = (0.571, 0.365, -1.306)  # logit of the cell, mean logit of the cluster, log divergence of the cluster
LOGIT_LIMIT: Final = 5.0
MEAN_LOGIT_LIMIT: Final = 9.2
DIVERGENCE_RANGE: Final = (0.01, 2.0)


def doubt_unseen_types(
    prediction: Prediction, query: Expression, model: CellTypingModel, *, random_state: int = 0
) -> Prediction:
    """Return the prediction with confidences that depend on similar cells; fewer than 120 cells are not changed.

    Parameters
    ----------
    prediction
        Calls with calibrated confidence.
    query
        The expression they were made from.
    model
        The model, with its class profiles.
    random_state
        Of the sample that the clusters are made from, and of the clusters.

    Raises
    ------
    ModelError
        The model has no class profiles.
    """
    if model.profiles is None:
        raise ModelError(
            "detect_unseen needs class profiles, and the model has none",
            hint="train with train_celltypist_model(trainer='logistic')",
        )
    called = np.flatnonzero(prediction.best >= 0)
    if len(called) < FEWEST_CELLS:
        return prediction
    clusters, pooled = _clusters(query, called, random_state)
    confidence_called = prediction.confidence[called]
    mean = _means(np.clip(logit(confidence_called), -MEAN_LOGIT_LIMIT, MEAN_LOGIT_LIMIT), clusters, len(pooled))
    log_divergence = np.log(np.clip(divergence(pooled, model.profiles[:, query.genes.model]), *DIVERGENCE_RANGE))
    features = (np.clip(logit(confidence_called), -LOGIT_LIMIT, LOGIT_LIMIT), mean[clusters], log_divergence[clusters])
    confidence = prediction.confidence.copy()
    confidence[called] = expit(INTERCEPT + sum(slope * part for slope, part in zip(SLOPES, features, strict=True)))
    path = lower_path(prediction.path, prediction.confidence, confidence)
    return replace(prediction, confidence=confidence, path=path)


def divergence(pooled: Floats, profiles: Floats) -> Floats:
    """Return how far pooled counts are from the nearest profile, in nats a count.

    Parameters
    ----------
    pooled
        Summed counts, clusters x genes.
    profiles
        Classes x genes; they are brought to a sum of one.

    Returns
    -------
    The smallest Kullback-Leibler divergence over the classes, less ``(genes with counts) / (2 counts)``, the mean that
    sampling alone gives.
    """
    totals = np.maximum(pooled.sum(axis=1), 1.0)
    shares = pooled / totals[:, None]
    logs = np.log(profiles / profiles.sum(axis=1, keepdims=True))
    entropy = np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1.0)), 0.0).sum(axis=1)
    smallest = (entropy[:, None] - shares @ logs.T).min(axis=1)
    corrected: Floats = smallest - (pooled > 0).sum(axis=1) / (2 * totals)
    return corrected


def lower_path(path: Floats, before: Floats, after: Floats) -> Floats:
    """Return the confidences on the paths after that in the class has changed.

    A term above the class keeps its share of what the class does not have.
    """
    if not path.shape[1]:
        return path
    remaining = np.maximum(1.0 - before, 1e-12)[:, None]
    share = np.clip((path - before[:, None]) / remaining, 0.0, 1.0)
    changed: Floats = after[:, None] + (1.0 - after)[:, None] * share
    changed[:, 0] = after
    changed[np.isnan(path)] = np.nan
    return changed


def _clusters(query: Expression, called: Codes, random_state: int) -> tuple[Codes, Floats]:
    """Return the cluster of each called cell, and the summed counts of each cluster, clusters x genes."""
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(random_state)
    sampled = called if len(called) <= MAX_SAMPLED else np.sort(rng.choice(called, MAX_SAMPLED, replace=False))
    counts = query.counts(sampled)
    space = ExpressionSpace.fit(counts, N_COMPONENTS, random_state=random_state)
    k = int(np.clip(len(sampled) // CELLS_PER_CLUSTER, 2, MAX_CLUSTERS))
    kmeans = KMeans(k, n_init=1, max_iter=30, random_state=random_state).fit(space.transform(counts))
    clusters, pooled = np.empty(len(called), dtype=np.intp), np.zeros((k, counts.shape[1]))
    for first in range(0, len(called), MAX_SAMPLED):
        part = called[first : first + MAX_SAMPLED]
        counts = query.counts(part)
        labels = kmeans.predict(space.transform(counts))
        clusters[first : first + len(part)] = labels
        members = sparse.csr_matrix((np.ones(len(part)), (labels, np.arange(len(part)))), shape=(k, len(part)))
        pooled += (members @ counts).toarray()
    return clusters, pooled


def _means(values: Floats, clusters: Codes, n: int) -> Floats:
    sizes = np.bincount(clusters, minlength=n)
    means: Floats = np.bincount(clusters, weights=values, minlength=n) / np.maximum(sizes, 1)
    return means
