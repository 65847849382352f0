"""Run one model on a query: call the cells, and adjust the confidence by what other cells of the query show."""

from dataclasses import dataclass

from anndata import AnnData

from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.calls.neighbours import weigh_by_neighbours
from spatialcore.annotation.calls.obs_columns import Run
from spatialcore.annotation.calls.prediction import Prediction, Predictor, predict
from spatialcore.annotation.choices import ConfidenceMethod
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.model.reference_fit import ReferenceFit
from spatialcore.annotation.query import Expression
from spatialcore.annotation.spillover.coordinates import coordinates_by_sample
from spatialcore.annotation.spillover.run import RunSpillOver
from spatialcore.annotation.unknown.suspicion import lower_suspected
from spatialcore.annotation.unknown.unseen import ClusterEvidence, examine_clusters
from spatialcore.core.logging import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class CallOptions:
    """How the cells are called.

    Parameters
    ----------
    method
        What the confidence is.
    batch_size
        Cells per block; ``None``: chosen by the number of genes.
    keep_scores
        Return the scores of all classes.
    detect_unseen
        Lower the confidence of clusters of cells whose type the model lacks.
    """

    method: ConfidenceMethod
    batch_size: int | None
    keep_scores: bool
    detect_unseen: bool


def run_model(
    adata: AnnData,
    model: CellTypingModel,
    query: Expression,
    spill_over: RunSpillOver,
    options: CallOptions,
    *,
    tree: ClassTree | None,
) -> Run:
    """Call the cells; adjust the confidence by clusters, neighbours, spill-over and hidden classes, in this order.

    Parameters
    ----------
    adata, query
        The cells, and their expression on the genes of the model.
    spill_over
        The estimates for the query.
    tree
        The terms above the classes; ``None``: only the confidence in the classes is computed.
    """
    calibrated = options.method == "calibrated"
    clusters = None
    if calibrated:
        clusters = examine_clusters(
            model, query, tree=tree, detect_unseen=options.detect_unseen, spill_over=spill_over.is_detected
        )
    fit = _reference_fit(clusters)
    predictor = Predictor.build(
        model, query.kind, query.genes, options.method, keep_scores=options.keep_scores, tree=tree, clusters=clusters
    )
    prediction = _weigh_neighbours(predict(predictor, query, options.batch_size), adata, fit)
    if calibrated:
        prediction = spill_over.recalibrate(prediction, may_rise=fit is None or not fit.is_misfit)
        prediction = _lower_suspected(prediction, clusters)
    return Run(model, query, prediction, tree, fit, clusters.unseen_score(prediction.group) if clusters else None)


def _reference_fit(clusters: ClusterEvidence | None) -> ReferenceFit | None:
    """Return how well the references fit the query, where it was measured; log a warning if they do not fit."""
    if clusters is None:
        return None
    if clusters.fit.is_misfit:
        log.warning("the references do not seem to fit these cells. %s", clusters.fit.reason)
    return clusters.fit


def _weigh_neighbours(prediction: Prediction, adata: AnnData, fit: ReferenceFit | None) -> Prediction:
    """Adjust the confidence by the calls of neighbours, for models with a measured fit and cells with coordinates."""
    coordinates = coordinates_by_sample(adata)
    if fit is None or coordinates is None:
        return prediction
    return prediction.with_confidence(weigh_by_neighbours(prediction.confidence, prediction.best, coordinates))


def _lower_suspected(prediction: Prediction, clusters: ClusterEvidence | None) -> Prediction:
    """Lower the confidence of cells that look like cells of a type that the model does not have.

    The terms above the class are lowered, in place, where the cells do not show their signature either.
    """
    if clusters is None or clusters.unseen is None or not clusters.unseen.suspicion.any():
        return prediction
    for step in range(1, prediction.path.shape[1]):
        suspicion = clusters.suspicion_of(prediction.group, step)
        prediction.path[:, step] = lower_suspected(prediction.path[:, step], suspicion)
    confidence = lower_suspected(prediction.confidence, clusters.suspicion_of(prediction.group, 0))
    return prediction.with_confidence(confidence, with_terms=False)
