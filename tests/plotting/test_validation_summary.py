"""Summary of the marker validation and its Gaussian mixture."""

import anndata as ad
import numpy as np
import pytest

from spatialcore.plotting.groups import numeric_column
from spatialcore.plotting.markers import score_markers
from spatialcore.plotting.validation_summary import MixtureError, bright_threshold, validate


def test_counts_of_a_type(tissue: ad.AnnData, markers: dict[str, list[str]]) -> None:
    scored = score_markers(tissue, "cell_type", markers)
    confidence = numeric_column(tissue, "cell_type_confidence")
    summary = validate(scored, confidence, 0.8, min_cells=100, n_components=3).set_index("cell_type")
    assert summary.index.tolist() == ["B cell", "T cell"]  # 60 fibroblasts
    row = summary.loc["T cell"]
    is_type = (tissue.obs["cell_type"] == "T cell").to_numpy()
    score = scored.scores[is_type, list(scored.sets).index("T cell")]
    is_high = confidence[is_type] >= 0.8
    assert row["n_high_confidence"] == is_high.sum()
    assert row["n_validated"] == (is_high & (score >= row["marker_threshold"])).sum()
    assert row["mean_marker_score"] == pytest.approx(score.mean())


def test_the_threshold_is_deterministic(rng: np.random.Generator) -> None:
    scores, other_scores = rng.normal(3, 1, 5000), rng.normal(0, 1, 9000)
    first = bright_threshold(scores, other_scores)
    assert first == bright_threshold(scores, other_scores)
    assert 0 < first < 4


def test_the_threshold_is_between_separate_components(rng: np.random.Generator) -> None:
    scores = np.concatenate([rng.normal(0, 0.1, 300), rng.normal(2, 0.1, 300), rng.normal(5, 0.1, 300)])
    assert 2.3 < bright_threshold(scores, np.zeros(0)) < 4.8


def test_too_few_distinct_values() -> None:
    with pytest.raises(MixtureError):
        bright_threshold(np.array([0.0, 1.0, 1.0]), np.zeros(5))
