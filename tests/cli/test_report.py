"""spatialcore report: the HTML report of annotated data."""

from pathlib import Path

import anndata

from tests.cli.workplace import Command, Workplace, json_output


def test_report_of_annotated_data(spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path) -> None:
    annotated = results / workplace.query.name / "annotated.h5ad"
    output = json_output(spatialcore, "report", annotated, "-o", tmp_path / "again.html")
    assert Path(output["report"]).stat().st_size > 50_000


def test_the_unit_of_the_coordinates_can_be_stated(
    spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path
) -> None:
    annotated = anndata.read_h5ad(results / workplace.query.name / "annotated.h5ad")
    annotated.uns["spatialcore_source"] = {**annotated.uns["spatialcore_source"], "unit": ""}
    annotated.write_h5ad(tmp_path / "annotated.h5ad")
    for options, words in (((), True), (("--unit", "µm"), False)):
        json_output(spatialcore, "report", tmp_path / "annotated.h5ad", "-o", tmp_path / "r.html", *options)
        assert ("The unit of the coordinates is unknown" in (tmp_path / "r.html").read_text()) == words
