"""Types that the model has not seen are doubted with the help of the cells most alike."""

from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from scipy.special import expit

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.annotation.unknown import unseen
from spatialcore.annotation.unknown.unseen import divergence, lower_path
from spatialcore.errors import InputError
from tests.annotation.conftest import as_adata, simulate


def test_divergence_is_zero_for_what_a_profile_gives_and_grows_with_the_difference(rng: np.random.Generator) -> None:
    profiles = rng.dirichlet(np.ones(50), 3)
    own = rng.multinomial(5_000, profiles[1], size=200).astype(float)
    assert divergence(own, profiles).mean() == pytest.approx(0.0, abs=5e-4)
    other = rng.dirichlet(np.ones(50))
    counts = rng.multinomial(5_000, other, size=1).astype(float)
    by_hand = min(float((other * np.log(other / profile)).sum()) for profile in profiles)
    assert divergence(counts, profiles)[0] == pytest.approx(by_hand, rel=0.05)
    assert divergence(counts, 7 * profiles)[0] == pytest.approx(divergence(counts, profiles)[0])


def test_terms_keep_their_share_of_what_the_class_does_not_have() -> None:
    path = np.array([[0.6, 0.8, 1.0], [0.6, 0.9, np.nan]])
    changed = lower_path(path, np.array([0.6, 0.6]), np.array([0.2, 0.8]))
    np.testing.assert_allclose(changed, [[0.2, 0.6, 1.0], [0.8, 0.95, np.nan]])
    assert lower_path(np.empty((2, 0)), np.zeros(2), np.ones(2)).shape == (2, 0)


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AnnData, np.ndarray]:
    """Return a model of four types, and a query of these and a fifth."""
    rng = np.random.default_rng(11)
    _, _, profiles = simulate(1, 5, 80, 100, rng)
    profiles[4] = 0.4 * profiles[3] + 0.6 * profiles[4]  # like a type that the model has
    reference = as_adata(*simulate(800, 4, 80, 1500, rng, profiles[:4])[:2])
    counts, truth, _ = simulate(900, 5, 80, 60, rng, profiles)
    query = as_adata(counts, truth, logged=False)
    path = tmp_path_factory.mktemp("hidden") / "hidden.pkl"
    train_celltypist_model(reference, output_path=path, trainer="logistic", query=query)
    return path, query, truth


def test_a_hidden_type_is_doubted_and_others_are_not(hidden: tuple[Path, AnnData, np.ndarray]) -> None:
    path, query, truth = hidden
    options = {"custom_model_path": path, "confidence_transform": "calibrated", "copy": True}
    alone = annotate_celltypist(query, **options).obs[columns.CONFIDENCE].to_numpy()
    asked = annotate_celltypist(query, detect_unseen=True, **options).obs[columns.CONFIDENCE].to_numpy()
    unknown = truth == 4
    assert (alone[unknown] >= 0.8).mean() > 0.2
    assert (asked[unknown] >= 0.8).mean() < 0.5 * (alone[unknown] >= 0.8).mean()
    assert (asked[~unknown] >= 0.8).mean() > (alone[~unknown] >= 0.8).mean() - 0.05


def test_the_new_confidence_is_the_regression_of_its_features(
    hidden: tuple[Path, AnnData, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, query, _ = hidden
    options = {"custom_model_path": path, "confidence_transform": "calibrated", "copy": True}
    alone = annotate_celltypist(query, **options).obs[columns.CONFIDENCE].to_numpy()
    monkeypatch.setattr(unseen, "SLOPES", (0.5, 0.0, 0.0))
    monkeypatch.setattr(unseen, "INTERCEPT", -1.0)
    asked = annotate_celltypist(query, detect_unseen=True, **options).obs[columns.CONFIDENCE].to_numpy()
    np.testing.assert_allclose(asked, expit(-1.0 + 0.5 * np.clip(np.log(alone / (1 - alone)), -5, 5)))


def test_cells_beyond_the_sample_are_asked_too(
    hidden: tuple[Path, AnnData, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, query, truth = hidden
    monkeypatch.setattr(unseen, "MAX_SAMPLED", 400)
    options = {"custom_model_path": path, "confidence_transform": "calibrated", "copy": True}
    asked = annotate_celltypist(query, detect_unseen=True, **options).obs[columns.CONFIDENCE].to_numpy()
    again = annotate_celltypist(query, detect_unseen=True, **options).obs[columns.CONFIDENCE].to_numpy()
    np.testing.assert_array_equal(asked, again)
    assert np.median(asked[truth == 4]) < np.median(asked[truth < 4])


def test_a_few_cells_stay_as_they_are(hidden: tuple[Path, AnnData, np.ndarray]) -> None:
    path, query, _ = hidden
    options = {"custom_model_path": path, "confidence_transform": "calibrated", "copy": True}
    few = query[:100].copy()
    alone, asked = annotate_celltypist(few, **options), annotate_celltypist(few, detect_unseen=True, **options)
    assert alone.obs[columns.CONFIDENCE].equals(asked.obs[columns.CONFIDENCE])


def test_it_needs_calibrated_confidence(hidden: tuple[Path, AnnData, np.ndarray]) -> None:
    with pytest.raises(InputError, match="detect_unseen"):
        annotate_celltypist(hidden[1].copy(), custom_model_path=hidden[0], detect_unseen=True)
