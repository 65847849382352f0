"""2D validation: who is red, green and gold, and how well markers tell types apart."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score

from spatialcore.plotting import plot_2d_validation, style
from spatialcore.plotting.markers import score_markers
from spatialcore.plotting.mixture import MixtureError, bright_threshold
from tests.plotting.tissues import make_tissue, texts


def call(adata, markers, **options):
    return plot_2d_validation(adata, "cell_type", "cell_type_confidence", markers, **options)


def test_counts_add_up_and_match_the_colors(tissue, markers):
    figure, summary = call(tissue, markers, confidence_threshold=0.75)
    assert summary["cell_type"].tolist() == ["B cell", "T cell", "fibroblast"]
    assert (summary["n_low_confidence"] + summary["n_high_confidence"] == summary["n_cells"]).all()
    assert (summary["n_validated"] <= summary["n_high_confidence"]).all()
    from matplotlib.colors import to_hex

    drawn = [to_hex(color) for color in figure.axes[0].collections[0].get_facecolors()]
    row = summary.iloc[0]
    assert drawn.count(style.LOW) == row["n_low_confidence"]
    assert drawn.count(style.GOLD) == row["n_validated"]
    assert drawn.count(style.HIGH) == row["n_high_confidence"] - row["n_validated"]


def test_auc_is_the_usual_one_and_falls_when_labels_are_shuffled(tissue, markers, rng):
    _, summary = call(tissue, markers)
    scored = score_markers(tissue, "cell_type", markers)
    for column, row in enumerate(summary.itertuples()):
        own = tissue.obs["cell_type"] == row.cell_type
        assert row.auc == pytest.approx(roc_auc_score(own, scored.scores[:, column]))
        assert row.auc > 0.95
        assert row.mistaken_auc < 0.6
    shuffled = tissue.obs["cell_type"].to_numpy().copy()
    some = rng.choice(shuffled.size, int(0.3 * shuffled.size), replace=False)
    shuffled[some] = rng.permutation(shuffled[some])
    tissue.obs["cell_type"] = shuffled
    assert (call(tissue, markers)[1]["auc"].to_numpy() < summary["auc"].to_numpy() - 0.03).all()


def test_small_types_are_included_down_to_the_limit_and_others_are_named(markers):
    figure, summary = call(make_tissue((100, 15, 14)), markers)
    assert summary["cell_type"].tolist() == ["B cell", "T cell"]
    assert "fibroblast (14)" in texts(figure)


def test_no_marker_gives_a_placeholder_and_an_empty_summary(tissue):
    figure, summary = call(tissue, {"B cell": ["ABSENT"]})
    assert summary.empty
    assert "auc" in summary
    assert "no marker genes" in texts(figure)


def test_a_type_whose_mixture_fails_is_skipped_with_a_warning(tissue, markers):
    flat = tissue.copy()
    dark = flat.X.toarray()
    dark[:, flat.var_names.isin(markers["T cell"])] = 0
    flat.X = csr_matrix(dark)
    with pytest.warns(UserWarning, match="T cell is left out"):
        figure, summary = call(flat, markers)
    assert "T cell" not in summary["cell_type"].tolist()
    assert "T cell" in texts(figure)


def test_types_match_markers_without_regard_to_case_and_plural(tissue):
    _, summary = call(tissue, {"b CELLS": ["MS4A1"], "Fibroblasts": ["DCN", "LUM"]})
    assert summary["cell_type"].tolist() == ["B cell", "fibroblast"]


def test_panel_size_and_columns_are_honoured(tissue, markers):
    figure, _ = call(tissue, markers, ncols=2, figsize_per_panel=(4, 2.5))
    assert tuple(figure.get_size_inches()) == (8, 5)


def test_same_seed_same_threshold(rng):
    own, others = rng.normal(3, 1, 5000), rng.normal(0, 1, 9000)
    first = bright_threshold(own, others)
    assert first == bright_threshold(own, others)
    assert 0 < first < 4


def test_bright_begins_between_two_clear_heaps(rng):
    own = np.concatenate([rng.normal(0, 0.1, 300), rng.normal(2, 0.1, 300), rng.normal(5, 0.1, 300)])
    assert 2.3 < bright_threshold(own, np.zeros(0)) < 4.8


def test_too_few_values_cannot_be_a_mixture():
    with pytest.raises(MixtureError):
        bright_threshold(np.array([0.0, 1.0, 1.0]), np.zeros(5))
