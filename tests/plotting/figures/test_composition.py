"""Composition: cells per type, and cells without a call by reason."""

import anndata as ad

from spatialcore.plotting.figures.composition import composition_table, plot_composition
from tests.cells import cells_with
from tests.plotting.tissues import texts


def test_every_cell_is_counted_once(sample: ad.AnnData) -> None:
    table = composition_table(sample).set_index(["cell_type", "reason"])["n_cells"]
    assert table.sum() == sample.n_obs
    assert table["B cell", ""] == 200 - 35
    assert table["Unassigned", "confidence below the threshold"] == 30
    assert table["Unassigned", "no counts on the panel"] == 5
    assert "no counts on the panel" in texts(plot_composition(sample))


def test_title_has_the_share_of_called_cells(sample: ad.AnnData) -> None:
    assert f"{100 * 375 / 410:.1f} % with a call" in texts(plot_composition(sample))


def test_rare_types_do_not_have_a_share_of_zero() -> None:
    adata = cells_with(cell_type=["B cell"] * 2_999 + ["T cell"])
    assert "1 (<0.1 %)" in texts(plot_composition(adata))
    assert "2,999 (>99.9 %)" in texts(plot_composition(adata))


def test_ticks_are_whole_cells() -> None:
    figure = plot_composition(cells_with(cell_type=["B cell"] * 3 + ["T cell"] * 2))
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert len(labels) == len(set(labels))


def test_cells_without_reason(sample: ad.AnnData) -> None:
    del sample.obs["cell_type_unassigned_reason"]
    table = composition_table(sample).set_index(["cell_type", "reason"])["n_cells"]
    assert table["Unassigned", "no reason given"] == 35
