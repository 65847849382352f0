"""Dot plot: shares and means."""

import numpy as np
import pandas as pd
import pytest

from spatialcore.errors import InputError
from spatialcore.plotting import plot_marker_dotplot
from tests.plotting.tissues import texts


def test_means_and_shares_of_the_cells(tissue, markers, tmp_path):
    plot_marker_dotplot(tissue, "cell_type", markers, save=tmp_path / "dots.png")
    table = pd.read_csv(tmp_path / "dots.csv").set_index(["cell_type", "gene"])
    values = tissue[tissue.obs["cell_type"] == "T cell", "CD3D"].X.toarray().ravel()
    assert table.loc[("T cell", "CD3D"), "mean"] == pytest.approx(values.mean(), rel=1e-5)
    assert table.loc[("T cell", "CD3D"), "fraction"] == pytest.approx(np.mean(values > 0))


def test_list_of_genes_and_figure_size(tissue):
    figure = plot_marker_dotplot(tissue, "cell_type", ["CD3D", "MS4A1", "ABSENT"], figsize=(6, 3))
    assert tuple(figure.get_size_inches()) == (6, 3)
    assert "CD3D" in texts(figure)
    assert "ABSENT" not in texts(figure)


def test_types_are_named_above_their_markers(tissue, markers):
    axes = plot_marker_dotplot(tissue, "cell_type", markers).axes[0]
    assert [text.get_text() for text in axes.texts] == list(markers)
    assert not plot_marker_dotplot(tissue, "cell_type", ["CD3D", "MS4A1"]).axes[0].texts


def test_error_if_no_marker_is_measured(tissue):
    with pytest.raises(InputError, match="No marker genes found in data"):
        plot_marker_dotplot(tissue, "cell_type", ["ABSENT"])
