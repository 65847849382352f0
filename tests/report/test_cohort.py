"""The comparison of many samples."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatialcore.report.cohort import cohort_table, write_cohort
from spatialcore.report.sample_summary import SampleSummary
from tests.browser import chromium


def sample(*, called: int = 900, depth: float | None = 100.0, confidence: float = 0.9, b: int = 300, g0: float = 0.5):
    rest = (1 - g0) / 9
    return SampleSummary(
        n_cells=1000,
        n_called=called,
        composition={"B cell": b, "T cell": called - b, "Unassigned": 1000 - called},
        reasons={"low_confidence": 1000 - called},
        median_confidence=confidence,
        median_counts=depth,
        gene_shares={"g0": g0, **{f"g{n}": rest for n in range(1, 10)}},
    )


@pytest.fixture
def cohort(rng: np.random.Generator) -> dict[str, SampleSummary]:
    return {
        f"s{n}": sample(called=900 + int(rng.integers(-8, 8)), depth=100 + n, b=300 + int(rng.integers(-9, 9)))
        for n in range(8)
    }


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"called": 500}, "call rate low"),
        ({"depth": 9.0}, "depth low"),
        ({"depth": 900.0}, "depth high"),
        ({"confidence": 0.5}, "confidence low"),
        ({"g0": 0.05}, "platform shift high"),
        ({"b": 880}, "composition high"),
    ],
)
def test_only_the_sample_that_differs_is_marked(
    cohort: dict[str, SampleSummary], odd: dict[str, float], why: str
) -> None:
    table = cohort_table({**cohort, "odd": sample(**odd)})  # type: ignore[arg-type]
    assert why in table.loc["odd", "stands_apart"]
    assert set(table.drop("odd")["stands_apart"]) == {""}


def test_similar_samples_and_few_samples_are_not_marked(cohort: dict[str, SampleSummary]) -> None:
    assert set(cohort_table(cohort)["stands_apart"]) == {""}
    three = {"a": sample(), "b": sample(called=10, b=5), "c": sample(depth=1.0)}
    assert set(cohort_table(three)["stands_apart"]) == {""}


def test_shifts_follow_their_formulas() -> None:
    table = cohort_table({"a": sample(b=900), "b": sample(b=0), "c": sample(b=900)})
    parts, middle = np.array([[1, 0], [0, 1], [1, 0]]), np.array([2 / 3, 1 / 3])
    from scipy.spatial.distance import jensenshannon

    expected = [jensenshannon(part, middle, base=2) for part in parts]
    assert table["composition_shift"].tolist() == pytest.approx(expected)
    doubled = cohort_table(
        {"a": sample(), "b": sample(), "c": sample(g0=1 - 0.25)}
    )  # the shares of the other genes are halved
    assert doubled.loc["c", "platform_shift"] == pytest.approx(1.0, abs=1e-3)


def test_samples_without_counts_are_compared_by_other_values(cohort: dict[str, SampleSummary]) -> None:
    bare = SampleSummary(**{**sample(depth=None).model_dump(), "gene_shares": {}})
    table = cohort_table({**cohort, "bare": bare})
    assert np.isnan(table.loc["bare", ["median_counts", "platform_shift"]].astype(float)).all()
    pd.testing.assert_series_equal(table.drop("bare")["platform_shift"], cohort_table(cohort)["platform_shift"])
    assert table.loc["bare", "stands_apart"] == ""


def test_the_page_names_marked_samples_and_escapes_names(cohort: dict[str, SampleSummary], tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    write_cohort({**cohort, name: sample(called=400, b=100)}, tmp_path / "cohort.html", title=name)
    page = (tmp_path / "cohort.html").read_text()
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;</b>: call rate low" in page
    assert "9 samples, 9,000 cells" in page
    assert "http" not in page.replace("http-equiv", ""), "the page loads an external resource"


def test_types_have_the_colors_of_the_figures_of_the_samples(cohort: dict[str, SampleSummary], tmp_path: Path) -> None:
    colored = {
        name: each.model_copy(update={"colors": {"B cell": "#123456", "T cell": "#654321"}})
        for name, each in cohort.items()
    }
    write_cohort(colored, tmp_path / "cohort.html", title="run")
    page = (tmp_path / "cohort.html").read_text()
    assert '<i style="background: #123456"></i>B cell' in page
    assert '<i style="background: #654321"></i>T cell' in page


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_screen_and_links_to_the_reports(
    cohort: dict[str, SampleSummary], tmp_path: Path, width: int
) -> None:
    long = "patient_0123456789_biopsy_left_upper_quadrant_replicate_3"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "report.html").write_text("<h1>its report</h1>")
    samples = {**cohort, long: sample(called=400, b=100)}
    write_cohort(samples, tmp_path / "cohort.html", title=long, reports={long: "folder/report.html"})
    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto((tmp_path / "cohort.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == width
        bar = page.locator(".bar").first.bounding_box()
        assert bar is not None
        assert bar["x"] < 0.6 * width, "the composition is outside the screen"
        page.get_by_role("link", name=long).first.click()
        assert page.get_by_role("heading", name="its report").is_visible()


def test_the_page_of_two_hundred_samples_is_small(tmp_path: Path) -> None:
    write_cohort({f"s{n}": sample() for n in range(200)}, tmp_path / "cohort.html", title="many")
    assert (tmp_path / "cohort.html").stat().st_size < 1_000_000
