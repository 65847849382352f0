"""The figures on where calls come from: the numbers behind them, and what they say."""

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.errors import InputError
from spatialcore.plotting.figures.calibration import expected_calibration_error, plot_calibration
from spatialcore.plotting.figures.celltype_map import plot_celltype_map
from spatialcore.plotting.figures.composition import composition_table, plot_composition
from spatialcore.plotting.figures.confusions import confusion_table, plot_confusable_pairs
from spatialcore.plotting.figures.gene_coverage import coverage_table, plot_gene_coverage
from spatialcore.plotting.figures.marker_separation import plot_marker_separation
from spatialcore.plotting.figures.numbered_map import commonest_type
from spatialcore.plotting.figures.reference_composition import plot_reference_composition
from spatialcore.plotting.groups import group_cells
from spatialcore.plotting.run_figures import _with_calls_kept, draw_run_figures
from spatialcore.plotting.spatial import pixels
from tests.plotting.tissues import TYPES, make_tissue, texts

RELIABILITY = [
    {"low": 0.4, "high": 0.5, "n_cells": 100, "confidence": 0.45, "accuracy": 0.25},
    {"low": 0.9, "high": 1.0, "n_cells": 300, "confidence": 0.95, "accuracy": 0.99},
]
CONFUSION = [[90, 10, 0], [30, 70, 0], [0, 1, 99]]


def annotated(tissue: ad.AnnData) -> ad.AnnData:
    """Give the tissue what a run leaves: unfiltered calls, reasons, and the run manifest."""
    tissue.obs[columns.PREDICTED] = tissue.obs[columns.CELL_TYPE]
    calls = tissue.obs[columns.CELL_TYPE].astype(str).to_numpy(dtype=object)
    reasons = np.full(tissue.n_obs, "", dtype=object)
    calls[:30], reasons[:30] = columns.UNASSIGNED, columns.REASON_LOW_CONFIDENCE
    calls[30:35], reasons[30:35] = columns.UNASSIGNED, columns.REASON_NO_COUNTS
    tissue.obs[columns.CELL_TYPE] = pd.Categorical(calls)
    tissue.obs[columns.UNASSIGNED_REASON] = pd.Categorical(reasons)
    card = {
        "classes": list(TYPES),
        "heldout": {
            "accuracy": 259 / 300,
            "macro_f1": 0.86,
            "f1": {"B cell": 0.82, "T cell": 0.77, "fibroblast": 0.99},
            "cells": dict.fromkeys(TYPES, 100),
            "confusion": CONFUSION,
            "reliability": RELIABILITY,
        },
        "ontology_ids": {"B cell": "CL:0000236", "T cell": "CL:0000084", "fibroblast": "CL:0000057"},
        "training": {"trainer": "logistic", "n_cells": 300, "n_genes": 30, "n_classes": 3},
        "platform": {"matched_to": "query", "median_depth": 42.0, "ambient_share": 0.1},
    }
    references = [
        {
            "source": "atlas",
            "uri": "s3://bucket/atlas.h5ad",
            "sha256": "ab" * 32,
            "n_cells": 500,
            "n_kept": 480,
            "genes_kept": 27,
            "genes_wanted": 30,
            "genes_missing": ["CD19", "LUM", "TRAC"],
            "counts": {"kind": "raw"},
            "dropped": [{"label": "doublet", "reason": "excluded label", "n_cells": 20}],
            "licence": "CC BY 4.0",
        }
    ]
    mapping = [
        {"input_label": "B", "id": "CL:0000236", "name": "B cell", "score": 1.0, "match_tier": "tier1_exact"},
        {"input_label": "mystery", "id": "", "name": "", "score": 0.0, "match_tier": "unmapped"},
    ]
    rows = [{"cell_type": name, "source": "atlas", "before": 160, "after": 100} for name in TYPES]
    tissue.uns[columns.MANIFEST] = {
        "confidence_transform": "calibrated",
        "model_card_json": json.dumps(card),
        "references_json": json.dumps(references),
        "reference_composition_json": json.dumps(rows),
        "label_mapping_json": json.dumps(mapping),
        "config_json": json.dumps({"tissue": "lymph node", "confidence_threshold": 0.8}),
        "versions_json": json.dumps({"spatialcore-celltyping": "0.1.0", "anndata": "0.12.19"}),
        "n_model_genes": 26,
        "gene_overlap_pct": 100.0,
        "query": "s3://bucket/node_7",
    }
    return tissue


@pytest.fixture
def sample(tissue: ad.AnnData) -> ad.AnnData:
    return annotated(tissue)


def test_composition_counts_every_cell_once_and_says_why(sample: ad.AnnData) -> None:
    table = composition_table(sample).set_index(["cell_type", "reason"])["n_cells"]
    assert table.sum() == sample.n_obs
    assert table["B cell", ""] == 200 - 35
    assert table["Unassigned", "confidence below the threshold"] == 30
    assert table["Unassigned", "no counts on the panel"] == 5
    assert "no counts on the panel" in texts(plot_composition(sample))


def test_the_share_called_is_in_the_title(sample: ad.AnnData) -> None:
    assert f"{100 * 375 / 410:.1f} % called" in texts(plot_composition(sample))


def test_confusions_are_shares_of_the_true_class(sample: ad.AnnData) -> None:
    table = confusion_table(sample)
    assert table.loc[0].to_dict() == {"cell_type": "T cell", "called": "B cell", "n_cells": 30, "share": 0.3}
    assert len(table) == 3
    drawn = texts(plot_confusable_pairs(sample))
    assert "T cell  →  B cell" in drawn
    assert "fibroblast" not in drawn  # 1 % is not worth a bar


def test_calibration_error_is_the_weighted_distance(sample: ad.AnnData) -> None:
    error = expected_calibration_error(pd.DataFrame(RELIABILITY))
    assert error == pytest.approx(0.25 * 0.20 + 0.75 * 0.04)
    assert f"{error:.3f}" in texts(plot_calibration(sample))


def test_coverage_names_the_missing_genes(sample: ad.AnnData) -> None:
    table = coverage_table(sample)
    assert table["n_genes"].tolist() == [27, 26]
    drawn = texts(plot_gene_coverage(sample))
    assert "27 of 30 (90 %)" in drawn
    assert "CD19, LUM, TRAC" in drawn


def test_reference_composition_shows_both_totals(sample: ad.AnnData) -> None:
    drawn = texts(plot_reference_composition(sample))
    assert "480 cells" in drawn
    assert "300 cells" in drawn


def test_markers_separate_their_own_type(sample: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path) -> None:
    plot_marker_separation(sample, columns.PREDICTED, markers, save=tmp_path / "auc.png")
    table = pd.read_csv(tmp_path / "auc.csv", index_col=0)
    assert (np.diag(table.loc[list(TYPES), list(TYPES)]) > 0.95).all()
    assert table.loc["B cell", "fibroblast"] < 0.5


def test_without_a_manifest_the_figures_say_so(tissue: ad.AnnData) -> None:
    assert "no held-out cells" in texts(plot_calibration(tissue))
    assert "do not say" in texts(plot_reference_composition(tissue))
    assert "do not say" in texts(plot_gene_coverage(tissue))


def test_the_map_needs_coordinates(sample: ad.AnnData) -> None:
    del sample.obsm["spatial"]
    with pytest.raises(InputError, match="spatial"):
        plot_celltype_map(sample)


def test_a_pixel_shows_the_commonest_type_and_grey_only_alone() -> None:
    tissue = make_tissue()[:5].copy()
    tissue.obs["cell_type"] = pd.Categorical(["Unassigned", "Unassigned", "T cell", "Unassigned", "Unassigned"])
    groups = group_cells(tissue, "cell_type")
    xy = np.array([[0.0, 0], [0, 0], [0, 0], [5, 0], [5, 0]])
    winner = commonest_type(pixels(xy, pixel=1.0), groups)
    assert groups.names[winner[0, 0]] == "T cell"
    assert groups.names[winner[0, 5]] == "Unassigned"


@pytest.mark.parametrize("n_types", [3, 45])
def test_every_type_is_named_on_the_map(n_types: int) -> None:
    names = [f"type {i:02d}" for i in range(n_types)]
    tissue = make_tissue((12,) * n_types, types=names, markers={name: [f"M{name}"] for name in names})
    drawn = texts(plot_celltype_map(tissue, "cell_type"))
    assert all(name in drawn for name in names)


def test_all_figures_are_written_with_their_numbers(
    sample: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path
) -> None:
    drawn = draw_run_figures(sample, tmp_path, markers=markers)
    written = {path.name for path in tmp_path.iterdir()}
    assert {path.name for path in drawn["paths"].values() if path} <= written
    assert {
        f"celltyping_{name}.csv" for name in ("celltype_map", "composition", "calibration", "marker_separation")
    } <= written
    assert set(drawn["figures"]) >= {"deg_heatmap", "2d_validation", "confidence", "ontology_mapping", "celltype_map"}


def test_a_run_that_has_not_filtered_yet_is_drawn_as_it_will_be(
    sample: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path
) -> None:
    sample.obs[columns.CELL_TYPE] = sample.obs[columns.PREDICTED]
    sample.obs[columns.UNASSIGNED_REASON] = pd.Categorical([""] * sample.n_obs)
    calls = sample.obs[columns.CELL_TYPE].copy()
    drawn = draw_run_figures(sample, tmp_path, markers=markers, confidence_threshold=0.8)
    low = int((sample.obs[columns.CONFIDENCE] < 0.8).sum())
    table = pd.read_csv(tmp_path / "celltyping_composition.csv", keep_default_na=False)
    assert table.set_index("cell_type").loc["Unassigned", "n_cells"] == low > 0
    assert f"Unassigned  {low}" in texts(drawn["figures"]["celltype_map"])
    pd.testing.assert_series_equal(sample.obs[columns.CELL_TYPE], calls)


def test_calls_that_were_filtered_are_not_filtered_again(caplog: pytest.LogCaptureFixture) -> None:
    adata = annotated(make_tissue())
    threshold = 0.5
    adata.obs.loc[adata.obs[columns.CONFIDENCE] < threshold, columns.CELL_TYPE] = columns.UNASSIGNED
    with caplog.at_level("INFO", "spatialcore"):
        kept = _with_calls_kept(adata, threshold)
    assert "are below a confidence" not in caplog.text
    assert kept.obs[columns.CELL_TYPE].tolist() == adata.obs[columns.CELL_TYPE].tolist()
    stricter = _with_calls_kept(adata, 0.9).obs
    assert (stricter.loc[stricter[columns.CONFIDENCE] < 0.9, columns.CELL_TYPE] == columns.UNASSIGNED).all()
