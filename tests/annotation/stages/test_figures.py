"""Figures and the report of a run are written to the given paths."""

from pathlib import Path

import anndata as ad

from spatialcore.annotation import stages
from spatialcore.annotation.config import AnnotationSettings

EMBEDDED = {
    "2d_validation",
    "calibration",
    "celltype_map",
    "composition",
    "confidence",
    "deg_heatmap",
    "levels",
    "marker_separation",
}


def test_figures_and_report_are_written(called: ad.AnnData, tmp_path: Path) -> None:
    config = AnnotationSettings(tissue="lung")
    filtered = stages.keep_confident(called.copy(), config)
    figures = stages.plot(filtered, config, tmp_path / "plots", prefix="lung")
    drawn = {path.stem.removeprefix("lung_") for path in (tmp_path / "plots").glob("lung_*.png")}
    assert drawn == {*EMBEDDED, "ontology_mapping"}  # the mapping is a table in the report
    report = stages.report(filtered, tmp_path / "report.html", config=config, figures=figures, sample="slide 1")
    text = report.read_text()
    assert report == tmp_path / "report.html"
    assert "slide 1" in text
    assert text.count("<img") == len(EMBEDDED)
