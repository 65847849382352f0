"""The confidence of cells of types that the model has not seen, based on their clusters."""

from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse
from scipy.special import expit, logit

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.model.reference_fit import MIN_CELLS, ReferenceFit, sampling_divergence
from spatialcore.annotation.query import open_query
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.annotation.unknown import unseen
from spatialcore.annotation.unknown.query_clusters import pooled_counts, small_clusters
from spatialcore.annotation.unknown.unseen import (
    ClusterEvidence,
    compare_clusters,
    examine_clusters,
    smaller_divergence,
)
from tests.annotation.conftest import as_adata, simulate

Hidden = tuple[Path, AnnData, np.ndarray]


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Hidden:
    """Return a model of four types, and a query with these and a fifth type."""
    rng = np.random.default_rng(11)
    _, _, profiles = simulate(1, 5, 80, 100, rng)
    profiles[4] = 0.4 * profiles[3] + 0.6 * profiles[4]  # similar to a type of the model
    reference = as_adata(*simulate(800, 4, 80, 1500, rng, profiles[:4])[:2])
    counts, truth, _ = simulate(900, 5, 80, 60, rng, profiles)
    query = as_adata(counts, truth, logged=False)
    path = tmp_path_factory.mktemp("hidden") / "hidden.pkl"
    train_celltypist_model(reference, output_path=path, trainer="logistic", query=query)
    return path, query, truth


def confidence_of(model: Path, query: AnnData, *, detect_unseen: bool = True) -> np.ndarray:
    annotated = annotate_celltypist(
        query,
        custom_model_path=model,
        confidence_transform="calibrated",
        copy=True,
        detect_unseen=detect_unseen,
    )
    return annotated.obs[columns.CONFIDENCE].to_numpy()


def test_a_hidden_type_loses_confidence_and_others_do_not(hidden: Hidden) -> None:
    path, query, truth = hidden
    alone, together = confidence_of(path, query, detect_unseen=False), confidence_of(path, query)
    unknown = truth == 4
    assert (alone[unknown] >= 0.8).mean() > 0.2
    assert (together[unknown] >= 0.8).mean() < 0.5 * (alone[unknown] >= 0.8).mean()
    assert (together[~unknown] >= 0.8).mean() > (alone[~unknown] >= 0.8).mean() - 0.05


def test_detection_is_the_default(hidden: Hidden) -> None:
    path, query, _ = hidden
    default = annotate_celltypist(query, custom_model_path=path, confidence_transform="calibrated", copy=True)
    np.testing.assert_array_equal(default.obs[columns.CONFIDENCE], confidence_of(path, query))


def test_other_confidences_do_not_depend_on_it(hidden: Hidden) -> None:
    path, query, _ = hidden
    on, off = (
        annotate_celltypist(query, custom_model_path=path, copy=True, detect_unseen=yes) for yes in (True, False)
    )
    assert on.obs.equals(off.obs)


def test_blocks_do_not_change_the_confidence(hidden: Hidden) -> None:
    path, query, _ = hidden
    blocks = annotate_celltypist(
        query, custom_model_path=path, confidence_transform="calibrated", batch_size=70, copy=True
    )
    np.testing.assert_allclose(blocks.obs[columns.CONFIDENCE], confidence_of(path, query), rtol=1e-9)


def test_cells_outside_the_sample_are_assigned_to_clusters(hidden: Hidden, monkeypatch: pytest.MonkeyPatch) -> None:
    path, query, truth = hidden
    monkeypatch.setattr(unseen, "MAX_SAMPLED", 400)
    confidence = confidence_of(path, query)
    np.testing.assert_array_equal(confidence, confidence_of(path, query))
    assert np.median(confidence[truth == 4]) < np.median(confidence[truth < 4])


def test_a_few_cells_keep_their_confidence(hidden: Hidden) -> None:
    path, query, _ = hidden
    few = query[: MIN_CELLS - 1].copy()
    np.testing.assert_array_equal(confidence_of(path, few), confidence_of(path, few, detect_unseen=False))


def test_the_median_is_that_of_the_confident_cells() -> None:
    cluster = np.repeat(np.arange(5), 10)
    confidence = np.where(cluster < 2, 0.9, 0.05)  # two good clusters outweigh three bad ones
    mean_logit, loss = compare_clusters(cluster, confidence, np.array([0.1, 0.1, 0.4, 0.4, 0.4]), np.zeros(5))
    np.testing.assert_allclose(loss, [0, 0, *[1.5 * (np.log(4) - 0.3)] * 3])
    np.testing.assert_allclose(mean_logit, logit([0.9, 0.9, 0.05, 0.05, 0.05]))


def test_clusters_of_cells_that_were_drawn_from_the_profiles_lose_nothing(rng: np.random.Generator) -> None:
    shares = rng.dirichlet(np.full(300, 0.5), 4) + 1e-4
    codes = rng.choice(4, 600, p=[0.5, 0.3, 0.1, 0.1])
    counts = sparse.csr_matrix(rng.poisson(30 * shares[codes] / shares.sum(axis=1)[codes, None]).astype(np.float32))
    clusters = small_clusters(counts)
    cluster = clusters.assign(counts)
    pooled = pooled_counts(counts, cluster, len(clusters.means))
    diverging, sampling = smaller_divergence(pooled, shares, cluster, codes), sampling_divergence(pooled)
    assert compare_clusters(cluster, np.full(600, 0.9), diverging, sampling)[1].max() < 0.1
    assert compare_clusters(cluster, np.full(600, 0.9), diverging, np.zeros(len(pooled)))[1].max() > 0.4


def test_the_confidence_by_its_definition(rng: np.random.Generator) -> None:
    counts, _, _ = simulate(300, 2, 40, 100, rng)
    clusters = small_clusters(counts)
    cluster = clusters.assign(counts)
    k = len(clusters.means)
    mean_logit, loss, before = rng.normal(size=k), rng.uniform(0, 2, k), rng.uniform(0.1, 0.9, 300)
    evidence = ClusterEvidence(ReferenceFit(0.38, 300), clusters, mean_logit, loss, 2, None, detect_unseen=True)
    expected = 0.75 * logit(before) + 0.25 * mean_logit[cluster] - loss[cluster] - 0.8
    np.testing.assert_allclose(evidence.adjusted(before, counts, np.zeros(300, int))[0], expit(expected))
    assert evidence.highest == pytest.approx(expit(5 - 0.8))


def test_small_divergences_are_alike() -> None:
    """Of clusters that the profiles describe almost perfectly, none is suspicious; one that diverges still is."""
    cluster = np.repeat([0, 1, 2, 3], 10)
    loss = compare_clusters(cluster, np.full(40, 0.9), np.array([0.002, 0.01, 0.06, 0.2]), np.zeros(4))[1]
    np.testing.assert_allclose(loss, [0, 0, 0, 1.5 * (np.log(0.2 / 0.05) - 0.3)])


def test_models_of_earlier_versions_are_unchanged(hidden: Hidden) -> None:
    model = load_model(hidden[0])
    assert model.calibration is not None
    query = open_query(hidden[1], model.genes)
    assert examine_clusters(model, query) is not None
    object.__setattr__(model.calibration, "judges_fit", False)
    assert examine_clusters(model, query) is None


def test_divergence_is_not_counted_where_spill_over_is_detected(hidden: Hidden) -> None:
    path, query, _ = hidden
    model = load_model(path)
    expression = open_query(query, model.genes)
    usual, spilled = (examine_clusters(model, expression, spill_over=yes) for yes in (False, True))
    assert usual is not None
    assert spilled is not None
    assert usual.loss.max() > 0
    assert spilled.loss.max() == 0
    np.testing.assert_array_equal(usual.mean_logit, spilled.mean_logit)


def test_a_cluster_of_several_types_does_not_diverge_but_one_of_a_type_between_two_does() -> None:
    rng = np.random.default_rng(0)
    profiles = rng.dirichlet(np.full(60, 0.3), 3)
    cluster, best = np.repeat([0, 1], 60), np.r_[np.repeat([0, 1, 2], 20), np.zeros(60, dtype=int)]
    pooled = np.array([rng.multinomial(9000, profiles.mean(axis=0)), rng.multinomial(9000, profiles.mean(axis=0))])
    several, between = smaller_divergence(pooled.astype(float), profiles, cluster, best)
    assert abs(several) < 0.01
    assert between > 0.3
