"""Composition: cells per type, and cells without a call by reason."""

import anndata as ad

from spatialcore.plotting.figures.composition import composition_table, plot_composition
from tests.plotting.tissues import texts


def test_every_cell_is_counted_once(sample: ad.AnnData) -> None:
    table = composition_table(sample).set_index(["cell_type", "reason"])["n_cells"]
    assert table.sum() == sample.n_obs
    assert table["B cell", ""] == 200 - 35
    assert table["Unassigned", "confidence below the threshold"] == 30
    assert table["Unassigned", "no counts on the panel"] == 5
    assert "no counts on the panel" in texts(plot_composition(sample))


def test_title_has_the_share_of_called_cells(sample: ad.AnnData) -> None:
    assert f"{100 * 375 / 410:.1f} % called" in texts(plot_composition(sample))


def test_cells_without_reason(sample: ad.AnnData) -> None:
    del sample.obs["cell_type_unassigned_reason"]
    table = composition_table(sample).set_index(["cell_type", "reason"])["n_cells"]
    assert table["Unassigned", "no reason given"] == 35
