"""Confusions as shares of the cells of the true class."""

import anndata as ad

from spatialcore.plotting.figures.confusions import confusion_table, plot_confusable_pairs
from tests.plotting.tissues import texts


def test_confusions_are_shares_of_the_true_class(sample: ad.AnnData) -> None:
    table = confusion_table(sample)
    assert table.loc[0].to_dict() == {"cell_type": "T cell", "called": "B cell", "n_cells": 30, "share": 0.3}
    assert len(table) == 3


def test_rare_confusions_are_not_drawn(sample: ad.AnnData) -> None:
    drawn = texts(plot_confusable_pairs(sample))
    assert "T cell  →  B cell" in drawn
    assert "fibroblast" not in drawn  # 1 %, below the minimum of 5 %


def test_placeholder_without_model_card(tissue: ad.AnnData) -> None:
    assert "no held-out confusion matrix" in texts(plot_confusable_pairs(tissue))
