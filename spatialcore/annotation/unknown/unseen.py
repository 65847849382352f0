"""Lower the confidence of cells whose type the model was not trained on, by the cells with similar expression.

A cell of a type that the reference lacks is called by the most similar class, often with high confidence. The
query has more cells of that type. It is clustered by expression; the logit z of a cell's confidence becomes

    ``z + .25 (m_j - z) - 1.5 max(log D_j - log(D + S_j) - .3, 0)``

with m_j the mean logit in the cell's cluster j, D_j the divergence of the cluster's pooled counts from the nearest
class profile or from the mixture of the classes that its cells are called, whichever is nearer, in nats per count and
less that of sampled counts S_j (at least .05, which any cluster may have), and D its median over the cells, weighted
by their confidence. S_j is allowed once more because clusters are made by the counts that are judged: in cells that are
drawn from the profiles, D_j is about S_j. The mixture spares clusters in which several rare types meet. The divergence
is measurable for sixty cells, though not for a single one. It is compared with that of the query's other clusters
because between studies all diverge.

The two coefficients were fitted by logistic regression on the queries of fifteen open pairs, whole and with one type at
a time hidden from the reference, hidden cells weighing a fifth of the others.

Where spill-over is detected, divergence is not counted: counts of neighbours make clusters of every type diverge. On
simulated and open sections with spill-over, whole and with a type hidden, a regression gave it the weight zero.

Last, after neighbours and spill-over, groups of cells that look like cells of a hidden class lose confidence, see
:mod:`spatialcore.annotation.unknown.suspicion`.

Where the profiles explain too little of all clusters together, all cells lose confidence, see
:mod:`spatialcore.annotation.model.reference_fit`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import expit, logit

from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.model.artifact import CellTypingModel
from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.reference_fit import (
    MIN_CELLS,
    ReferenceFit,
    divergence,
    measure_fit,
    sampling_divergence,
)
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.query import Expression
from spatialcore.annotation.unknown.clustering import NearestCluster
from spatialcore.annotation.unknown.query_clusters import MAX_SAMPLED, pooled_counts, small_clusters
from spatialcore.annotation.unknown.query_sample import QuerySample
from spatialcore.annotation.unknown.suspicion import UnseenEvidence
from spatialcore.annotation.unknown.weighted import weighted_quantile
from spatialcore.core.types import Codes, Floats

CLUSTER_WEIGHT: Final = 0.25
EXCESS_SLOPE: Final = 1.5
EXCESS_ALLOWED: Final = 0.3
SELECTION: Final = 1.0  # of the divergence of sampled counts, added to the median
LOGIT_LIMIT: Final = 5.0
MEAN_LOGIT_LIMIT: Final = 9.2
DIVERGENCE_RANGE: Final = (0.05, 2.0)  # where most clusters have almost none, a few have a little more by chance
MIN_WEIGHT: Final = 0.05  # of a cell in the median
NO_GROUP: Final = -1


@dataclass(frozen=True)
class ClusterEvidence:
    """Evidence from the clusters of a query for and against the calls of its cells.

    Parameters
    ----------
    fit
        How well the model's class profiles describe all clusters.
    clusters
        The clusters; ``None`` for a query of fewer than 200 cells, whose confidence stays.
    mean_logit
        Mean logit of the confidence in each cluster.
    loss
        What the logit loses in each cluster for its divergence from the class profiles.
    n_classes
        How many classes the model has.
    unseen
        How much cells of a cluster with a best class look like cells of an unseen type, which lowers their confidence
        last; ``None`` where too little is known.
    detect_unseen
        Whether clusters are used, or the fit alone.
    """

    fit: ReferenceFit
    clusters: NearestCluster | None
    mean_logit: Floats
    loss: Floats
    n_classes: int
    unseen: UnseenEvidence | None
    detect_unseen: bool

    def adjusted(self, confidence: Floats, counts: sparse.csr_matrix, best: Codes) -> tuple[Floats, Codes]:
        """Return the confidence of cells, adjusted by their clusters, and the group whose suspicion lowers it last.

        Parameters
        ----------
        confidence, best
            Of the cells by themselves.
        counts
            Cells x genes.
        """
        group = np.full(len(best), NO_GROUP)
        if self.clusters is None or not (self.detect_unseen or self.fit.discount):
            return confidence, group
        logits = np.clip(logit(confidence), -LOGIT_LIMIT, LOGIT_LIMIT)
        if self.detect_unseen:
            cluster = self.clusters.assign(counts)
            logits += CLUSTER_WEIGHT * (self.mean_logit[cluster] - logits) - self.loss[cluster]
            group = cluster * self.n_classes + best
        adjusted: Floats = expit(logits - self.fit.discount)
        return adjusted, group

    def suspicion_of(self, group: Codes, step: int) -> Floats:
        """Return the suspicion against the term at one step of the path, for cells of the groups."""
        if self.unseen is None:
            return np.zeros(len(group))
        of_groups = np.append(self.unseen.suspicion[:, :, step].ravel(), 0.0)  # the last is that of no group
        suspicion: Floats = of_groups[group]
        return suspicion

    def unseen_score(self, group: Codes) -> npt.NDArray[np.float32] | None:
        """Return the unseen score of cells of the groups, NaN for no group; ``None`` where it is not known."""
        if self.unseen is None:
            return None
        of_groups = np.append(self.unseen.score.ravel(), np.nan).astype(np.float32)  # the last is that of no group
        score: npt.NDArray[np.float32] = of_groups[group]
        return score

    @property
    def highest(self) -> float:
        """The largest probability that a cell is of any class."""
        return float(expit(LOGIT_LIMIT - self.fit.discount)) if self.fit.discount else 1.0


def examine_clusters(
    model: CellTypingModel,
    query: Expression,
    *,
    tree: ClassTree | None = None,
    detect_unseen: bool = True,
    spill_over: bool = False,
    random_state: int = 0,
) -> ClusterEvidence | None:
    """Cluster a sample of the query and compare the clusters with the class profiles.

    Parameters
    ----------
    model
        A model; ``None`` is returned for one whose calibration does not judge the fit.
    query
        The expression of the cells.
    tree
        The terms above the classes.
    detect_unseen
        Whether clusters that diverge lower the confidence of their cells.
    spill_over
        Whether spill-over was detected. Counts of neighbours make clusters of every type diverge, so divergence is
        not counted then.
    random_state
        Of the sample and of the clusters.
    """
    calibration, profiles = model.calibration, model.profiles
    if calibration is None or profiles is None or not calibration.judges_fit:
        return None
    genes = query.genes.model
    counts = query.sample(MAX_SAMPLED, random_state)
    counts = counts[np.diff(counts.indptr) > 0]
    if counts.shape[0] < MIN_CELLS:
        fit, none = ReferenceFit(1.0, counts.shape[0]), np.zeros(0)
        return ClusterEvidence(fit, None, none, none, len(profiles), None, detect_unseen)
    clusters = small_clusters(counts, random_state=random_state)
    cluster = clusters.assign(counts)
    pooled = pooled_counts(counts, cluster, len(clusters.means))
    scorer = _scorer(model, calibration, query)
    scores, auxiliary, confidence = _calls(scorer, calibration, counts)
    best = scores.argmax(axis=1)
    reference = None if model.reference_profiles is None else model.reference_profiles[:, genes]
    fit = measure_fit(pooled, profiles[:, genes], counts.shape[0], reference)
    diverging = smaller_divergence(pooled, profiles[:, genes], cluster, best)
    mean_logit, loss = compare_clusters(cluster, confidence, diverging, sampling_divergence(pooled))
    loss = np.zeros_like(loss) if spill_over else loss
    sample = QuerySample.of(model, genes, counts, cluster, scores, auxiliary, confidence) if detect_unseen else None
    unseen = None if sample is None else UnseenEvidence.of(sample, clusters.means, tree)
    return ClusterEvidence(fit, clusters, mean_logit, loss, len(profiles), unseen, detect_unseen)


def compare_clusters(cluster: Codes, confidence: Floats, diverging: Floats, sampling: Floats) -> tuple[Floats, Floats]:
    """Return mean logit and loss of each cluster.

    Parameters
    ----------
    cluster, confidence
        Of each cell.
    diverging, sampling
        Divergence of each cluster, and that of sampled counts.

    Examples
    --------
    >>> cluster, diverging = np.repeat([0, 1, 2], 10), np.array([0.1, 0.1, 1.0])
    >>> compare_clusters(cluster, np.full(30, 0.5), diverging, np.zeros(3))[1].round(2).tolist()
    [0.0, 0.0, 3.0]
    >>> compare_clusters(cluster, np.full(30, 0.5), diverging, np.full(3, 0.3))[1].round(2).tolist()
    [0.0, 0.0, 0.92]
    """
    n = len(diverging)
    sizes = np.bincount(cluster, minlength=n)
    logits = np.clip(logit(confidence), -MEAN_LOGIT_LIMIT, MEAN_LOGIT_LIMIT)
    mean_logit = np.bincount(cluster, weights=logits, minlength=n) / np.maximum(sizes, 1)
    logs = np.log(np.clip(diverging, *DIVERGENCE_RANGE))
    weights = np.bincount(cluster, weights=np.maximum(confidence, MIN_WEIGHT), minlength=n).astype(np.float64)
    usual = np.exp(weighted_quantile(logs, weights, 0.5)) + SELECTION * sampling
    loss = EXCESS_SLOPE * np.maximum(logs - np.log(usual) - EXCESS_ALLOWED, 0.0)
    return mean_logit, loss


def smaller_divergence(pooled: Floats, profiles: Floats, cluster: Codes, best: Codes) -> Floats:
    """Return how far each cluster is from the nearest class profile, or from the mixture of the classes of its calls.

    Parameters
    ----------
    pooled
        Summed counts, clusters x genes.
    profiles
        Classes x genes.
    cluster, best
        Of each cell.

    Examples
    --------
    >>> pooled, profiles = np.array([[50.0, 50.0]]), np.array([[0.9, 0.1], [0.1, 0.9]])
    >>> smaller_divergence(pooled, profiles, np.zeros(2, int), np.array([0, 0])).round(2).tolist()
    [0.5]
    >>> smaller_divergence(pooled, profiles, np.zeros(2, int), np.array([0, 1])).round(2).tolist()
    [-0.01]
    """
    shares = profiles / profiles.sum(axis=1, keepdims=True)
    calls = np.zeros((len(pooled), len(shares)))
    np.add.at(calls, (cluster, best), 1.0)
    mixtures = (calls / np.maximum(calls.sum(axis=1, keepdims=True), 1.0)) @ shares
    filled = calls.any(axis=1)
    smallest = divergence(pooled, shares)
    of_calls = [divergence(pooled[j : j + 1], mixtures[j : j + 1])[0] for j in np.flatnonzero(filled)]
    smallest[filled] = np.minimum(smallest[filled], of_calls)
    return smallest


def _scorer(model: CellTypingModel, calibration: Calibration, query: Expression) -> Scorer:
    return Scorer.build(
        model.linear,
        model.target_sum,
        model.auxiliary,
        model.profiles,
        query.genes.model,
        with_pair_gain=calibration.pair_gain_slope is not None,
    )


def _calls(scorer: Scorer, calibration: Calibration, counts: sparse.csr_matrix) -> tuple[Floats, Floats, Floats]:
    """Return scores of the linear and of the auxiliary model, and the calibrated confidence of cells by themselves."""
    scores, auxiliary = scorer.scores(counts), scorer.auxiliary_scores(counts)
    evidence = scorer.evidence(counts, scores, auxiliary, scores.argmax(axis=1), calibration.temperature)
    return scores, auxiliary, calibration.probability(evidence)
