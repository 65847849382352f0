"""Plots and report of a sample."""

from PIL import Image

from tasks.artifacts import SHOWN
from tasks.stage_cache import local
from tasks.validate import plot
from tests.tasks.conftest import StageResults, result_of


def test_report_and_figures(stage_results: StageResults) -> None:
    files = stage_results.plots.files
    assert set(SHOWN) <= files.keys(), "the artifacts of the run need these plots"
    assert "query_0" in local(files["report.html"]).read_text()
    for name, file in files.items():
        if name.endswith(".png"):
            assert min(Image.open(local(file)).size) > 100
    figures = stage_results.plots.facts["figures"]
    assert isinstance(figures, list)
    assert {"confidence", "2d_validation"} <= set(figures)


def test_another_sample_name_gives_another_report(stage_results: StageResults, computed_stages: list[str]) -> None:
    annotated = stage_results.annotated[0]
    result_of(plot, stage_results.config, annotated)
    assert computed_stages == []
    renamed = annotated.model_copy(update={"facts": {**annotated.facts, "sample": "renamed"}})
    plots = result_of(plot, stage_results.config, renamed)
    assert computed_stages == ["plot"]
    assert "renamed" in local(plots.files["report.html"]).read_text()
