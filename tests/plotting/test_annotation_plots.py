"""The validation plots in one call: names, paths, and skipped plots."""

import json
import logging

import pandas as pd
import pytest
from matplotlib.figure import Figure

from spatialcore import columns
from spatialcore.errors import LabelColumnError
from spatialcore.plotting import generate_annotation_plots
from tests.plotting.tissues import make_tissue, texts

NAMES = ["deg_heatmap", "2d_validation", "confidence", "ontology_mapping"]


def with_terms(adata):
    adata.obs[columns.ONTOLOGY_LABEL] = adata.obs["cell_type"]
    adata.obs[columns.ONTOLOGY_ID] = "CL:0000000"
    return adata


def test_four_figures_with_files_and_tables(tissue, markers, tmp_path):
    result = generate_annotation_plots(with_terms(tissue), output_dir=tmp_path, prefix="run", markers=markers)
    assert list(result) == ["figures", "summary", "paths"]
    assert list(result["figures"]) == list(result["paths"]) == NAMES
    assert all(isinstance(figure, Figure) for figure in result["figures"].values())
    assert result["paths"] == {name: tmp_path / f"run_{name}.png" for name in NAMES}
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {f"run_{name}.{suffix}" for name in NAMES for suffix in ("png", "csv")}
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "run_2d_validation.csv"), result["summary"], check_dtype=False)


def test_nothing_is_written_without_a_folder(tissue, markers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = generate_annotation_plots(tissue, markers=markers)
    assert set(result["paths"].values()) == {None}
    assert not list(tmp_path.iterdir())


def test_heat_map_is_skipped_with_a_warning_if_types_are_too_small(markers, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "spatialcore"):
        result = generate_annotation_plots(with_terms(make_tissue((50, 5, 5))), output_dir=tmp_path, markers=markers)
    assert result["figures"]["deg_heatmap"] is None
    assert result["paths"]["deg_heatmap"] is None
    assert result["paths"]["confidence"].exists()
    assert "deg_heatmap was not drawn" in caplog.text


def test_reference_labels_in_the_manifest_are_shown(tissue, markers):
    mapping = [{"input_label": "Mystery cells", "id": "", "name": "", "score": 0.0, "match_tier": "unmapped"}]
    tissue.uns[columns.MANIFEST] = {"label_mapping_json": json.dumps(mapping)}
    result = generate_annotation_plots(tissue, markers=markers)
    assert "Mystery cells" in texts(result["figures"]["ontology_mapping"])


def test_other_errors_are_raised(tissue, markers):
    with pytest.raises(LabelColumnError, match="Label column not found"):
        generate_annotation_plots(tissue, "nothing", markers=markers)
    with pytest.raises(LabelColumnError):
        generate_annotation_plots(tissue, confidence_column="nothing", markers=markers)
