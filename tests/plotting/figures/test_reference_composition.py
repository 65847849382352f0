"""Training cells before and after balancing."""

import anndata as ad

from spatialcore.plotting.figures.reference_composition import plot_reference_composition
from tests.plotting.tissues import texts


def test_both_totals_are_shown(sample: ad.AnnData) -> None:
    drawn = texts(plot_reference_composition(sample))
    assert "Before balancing: 480 cells" in drawn
    assert "After balancing: 300 cells" in drawn


def test_placeholder_without_manifest(tissue: ad.AnnData) -> None:
    assert "no training cells" in texts(plot_reference_composition(tissue))
