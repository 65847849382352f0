"""2D validation: colours of the cells, AUC of the markers."""

import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score

from spatialcore.plotting import plot_2d_validation, style
from spatialcore.plotting.markers import score_markers
from tests.plotting.tissues import make_tissue, texts


def call(adata, markers, **options):
    return plot_2d_validation(adata, "cell_type", "cell_type_confidence", markers, **options)


def test_counts_match_the_colors(tissue, markers):
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


def test_auc_equals_that_of_scikit_learn_and_falls_for_shuffled_labels(tissue, markers, rng):
    _, summary = call(tissue, markers)
    scored = score_markers(tissue, "cell_type", markers)
    for column, row in enumerate(summary.itertuples()):
        is_type = tissue.obs["cell_type"] == row.cell_type
        assert row.auc == pytest.approx(roc_auc_score(is_type, scored.scores[:, column]))
        assert row.auc > 0.95
        assert row.mistaken_auc < 0.6
    shuffled = tissue.obs["cell_type"].to_numpy().copy()
    positions = rng.choice(shuffled.size, int(0.3 * shuffled.size), replace=False)
    shuffled[positions] = rng.permutation(shuffled[positions])
    tissue.obs["cell_type"] = shuffled
    assert (call(tissue, markers)[1]["auc"].to_numpy() < summary["auc"].to_numpy() - 0.03).all()


def test_types_below_the_minimum_size_are_listed(markers):
    figure, summary = call(make_tissue((100, 15, 14)), markers)
    assert summary["cell_type"].tolist() == ["B cell", "T cell"]
    assert "fibroblast (14)" in texts(figure)


def test_placeholder_and_empty_summary_without_markers(tissue):
    figure, summary = call(tissue, {"B cell": ["ABSENT"]})
    assert summary.empty
    assert "auc" in summary
    assert "no marker gene" in texts(figure)


def test_a_type_whose_mixture_fails_is_skipped_with_a_warning(tissue, markers):
    flat = tissue.copy()
    values = flat.X.toarray()
    values[:, flat.var_names.isin(markers["T cell"])] = 0
    flat.X = csr_matrix(values)
    with pytest.warns(UserWarning, match="2D validation skips T cell"):
        figure, summary = call(flat, markers)
    assert "T cell" not in summary["cell_type"].tolist()
    assert "T cell" in texts(figure)


def test_types_match_markers_regardless_of_case_and_plural(tissue):
    _, summary = call(tissue, {"b CELLS": ["MS4A1"], "Fibroblasts": ["DCN", "LUM"]})
    assert summary["cell_type"].tolist() == ["B cell", "fibroblast"]


def test_panel_size_and_columns(tissue, markers):
    figure, _ = call(tissue, markers, ncols=2, figsize_per_panel=(4, 2.5))
    assert tuple(figure.get_size_inches()) == (8, 5)
