"""spatialcore report: the HTML report of annotated data."""

from pathlib import Path

from tests.cli.workplace import Command, Workplace, json_output


def test_report_of_annotated_data(spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path) -> None:
    annotated = results / workplace.query.name / "annotated.h5ad"
    output = json_output(spatialcore, "report", annotated, "-o", tmp_path / "again.html")
    assert Path(output["report"]).stat().st_size > 50_000
