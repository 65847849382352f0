"""Confusions as shares of the cells of the true class."""

import json

import anndata as ad
import pytest

from spatialcore import columns
from spatialcore.plotting.figures.confusions import confusion_table, no_confusions, plot_confusable_pairs
from tests.plotting.tissues import texts


def test_confusions_are_shares_of_the_true_class(sample: ad.AnnData) -> None:
    table = confusion_table(sample)
    first = table.loc[0, ["cell_type", "called", "n_cells", "n_true", "share"]].to_dict()
    assert first == {"cell_type": "T cell", "called": "B cell", "n_cells": 30, "n_true": 100, "share": 0.3}
    assert table.loc[0, "low"] == pytest.approx(0.219, abs=1e-3)
    assert table.loc[0, "high"] == pytest.approx(0.396, abs=1e-3)
    assert len(table) == 3


def test_rare_confusions_are_not_drawn(sample: ad.AnnData) -> None:
    drawn = texts(plot_confusable_pairs(sample))
    assert "T cell  →  B cell" in drawn
    assert "fibroblast" not in drawn  # 1 %, below the minimum of 5 %


def test_classes_with_few_held_out_cells_are_left_out_and_named(sample: ad.AnnData) -> None:
    manifest = sample.uns[columns.MANIFEST]
    card = json.loads(manifest["model_card_json"])
    card["heldout"]["confusion"] = [[9, 10, 0], [30, 70, 0], [0, 1, 99]]  # 19 B cells
    card["heldout"]["cells"]["B cell"] = 19
    manifest["model_card_json"] = json.dumps(card)
    drawn = texts(plot_confusable_pairs(sample))
    assert "B cell  →  T cell" not in drawn
    assert "left out: B cell." in drawn


def test_shares_have_intervals(sample: ad.AnnData) -> None:
    axes = plot_confusable_pairs(sample).axes[0]
    (lines,) = [collection for collection in axes.collections if hasattr(collection, "get_segments")]
    low, high = lines.get_segments()[0][:, 0]
    assert (round(low), round(high)) == (22, 40)


def test_a_model_without_frequent_confusions_has_a_note(sample: ad.AnnData) -> None:
    assert no_confusions(sample) == ""
    manifest = sample.uns[columns.MANIFEST]
    card = json.loads(manifest["model_card_json"])
    card["heldout"]["confusion"] = [[96, 4, 0], [0, 100, 0], [0, 1, 99]]
    manifest["model_card_json"] = json.dumps(card)
    assert no_confusions(sample) == "no class with 20 or more held-out cells has 5 % of them called another class"
    assert "No class with 20" in texts(plot_confusable_pairs(sample))


def test_placeholder_without_model_card(tissue: ad.AnnData) -> None:
    assert "no held-out confusion matrix" in texts(plot_confusable_pairs(tissue))
