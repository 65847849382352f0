"""A model of five types, and a query of these and a sixth, a sister of the fifth."""

from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.query import open_query
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.annotation.unknown.query_clusters import small_clusters
from spatialcore.annotation.unknown.query_sample import QuerySample
from tests.annotation.conftest import as_adata, simulate

N_TYPES, UNSEEN = 6, 5
SisterQuery = tuple[Path, AnnData, np.ndarray]


@pytest.fixture(scope="session")
def sister_query(tmp_path_factory: pytest.TempPathFactory) -> SisterQuery:
    """Return the model, the query and its types."""
    rng = np.random.default_rng(5)
    _, _, profiles = simulate(1, N_TYPES, 120, 100, rng)
    profiles[UNSEEN] = 0.5 * profiles[4] + 0.5 * profiles[UNSEEN]
    reference = as_adata(*simulate(900, UNSEEN, 120, 1500, rng, profiles[:UNSEEN])[:2])
    measured = profiles * rng.lognormal(0, 0.8, 120)
    counts, truth, _ = simulate(1200, N_TYPES, 120, 120, rng, measured / measured.sum(axis=1, keepdims=True))
    adata = as_adata(counts, truth, logged=False)
    path = tmp_path_factory.mktemp("hidden") / "model.pkl"
    train_celltypist_model(reference, output_path=path, trainer="logistic", query=adata)
    return path, adata, truth


@pytest.fixture(scope="session")
def sister_sample(sister_query: SisterQuery) -> QuerySample:
    """Return all cells of the query, with what the model says about them."""
    path, adata, _ = sister_query
    model = load_model(path)
    expression = open_query(adata, model.genes)
    counts = expression.counts(np.arange(adata.n_obs))
    assert model.calibration is not None
    scorer = Scorer.build(
        model.linear,
        model.target_sum,
        model.auxiliary,
        model.profiles,
        expression.genes.model,
        with_pair_gain=model.calibration.pair_gain_slope is not None,
    )
    scores, auxiliary = scorer.scores(counts), scorer.auxiliary_scores(counts)
    evidence = scorer.evidence(counts, scores, auxiliary, scores.argmax(axis=1), model.calibration.temperature)
    confidence = model.calibration.probability(evidence)
    cluster = small_clusters(counts).assign(counts)
    sample = QuerySample.of(model, expression.genes.model, counts, cluster, scores, auxiliary, confidence)
    assert sample is not None
    return sample
