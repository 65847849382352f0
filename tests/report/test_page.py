"""The report page: content, escaping, errors, and behaviour in a browser."""

import re
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.errors import InputError
from spatialcore.plotting.annotation_plots import AnnotationPlots
from spatialcore.plotting.figures.celltype_map import plot_celltype_map
from spatialcore.plotting.run_figures import draw_run_figures
from spatialcore.report import write_report
from tests.plotting.tissues import MARKERS, annotated, make_tissue

NO_FIGURES: AnnotationPlots = {"figures": {}, "summary": pd.DataFrame(), "paths": {}}


@pytest.fixture(scope="module")
def sample() -> ad.AnnData:
    return annotated(make_tissue())


@pytest.fixture(scope="module")
def page(sample: ad.AnnData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plots = draw_run_figures(sample, markers={name: list(genes) for name, genes in MARKERS.items()})
    return write_report(sample, tmp_path_factory.mktemp("report") / "report.html", figures=plots)


def test_the_page_is_self_contained(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert text.count("data:image/webp;base64,") >= 10


def test_the_page_has_the_data_of_the_run(page: Path) -> None:
    text = page.read_text()
    for expected in (
        "s3://bucket/atlas.h5ad",
        "excluded label",
        "CC BY 4.0",
        "CL:0000084",
        "lymph node",
        "Domínguez Conde",
    ):
        assert expected in text


def test_the_caption_explains_how_to_state_the_unit(sample: ad.AnnData, tmp_path: Path) -> None:
    sample = sample.copy()
    drawn: Any = {"figures": {"celltype_map": plot_celltype_map(sample)}, "paths": {}, "summary": NO_FIGURES["summary"]}
    for unit in ("", "px", "µm"):
        sample.uns[columns.SOURCE] = {"unit": unit}
        text = write_report(sample, tmp_path / "r.html", figures=drawn).read_text()
        assert ("The unit of the coordinates is unknown" in text) == (unit == "")


def test_without_calls_the_page_says_so(sample: ad.AnnData, tmp_path: Path) -> None:
    other = sample.copy()
    other.obs[columns.CELL_TYPE] = pd.Categorical([columns.UNASSIGNED] * other.n_obs)
    text = write_report(other, tmp_path / "r.html", figures=NO_FIGURES).read_text()
    assert "No cell has a call" in text
    assert "no cell has a call" in text  # instead of the expected accuracy
    assert "Held-out F1:" not in text


def test_text_of_the_data_is_escaped(sample: ad.AnnData, tmp_path: Path) -> None:
    other = sample.copy()
    manifest = dict(other.uns[columns.MANIFEST])
    manifest["label_mapping_json"] = manifest["label_mapping_json"].replace("mystery", "<script>alert(1)</script>")
    other.uns[columns.MANIFEST] = manifest
    text = write_report(other, tmp_path / "r.html", figures=NO_FIGURES).read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_data_without_calls_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cell_type"):
        write_report(ad.AnnData(np.ones((2, 2), np.float32)), tmp_path / "r.html")


def test_no_file_is_written_under_an_invalid_name(sample: ad.AnnData, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not end in \.html"):
        write_report(sample, tmp_path / "report.pdf", figures=NO_FIGURES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_opens_without_errors_or_requests(browser: Any, page: Path, width: int, scheme: str) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    messages: list[str] = []
    tab.on("console", lambda message: messages.append(message.text))
    tab.on("pageerror", lambda error: messages.append(str(error)))
    tab.on("request", lambda request: messages.append(request.url) if request.url.startswith("http") else None)
    tab.goto(page.as_uri())
    assert messages == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0 && image.alt)")
    tab.close()


def test_pictures_scroll_on_a_phone(browser: Any, page: Path) -> None:
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.goto(page.as_uri())
    widths = tab.evaluate("[...document.images].map(image => [image.clientWidth, image.parentElement.clientWidth])")
    assert all(width >= container for width, container in widths)
    assert max(width for width, _ in widths) > 700  # the widest pictures remain legible
    pan = tab.locator(".pan").first
    before = pan.locator("img").evaluate("image => image.clientWidth")
    pan.click()
    assert pan.locator("img").evaluate("image => image.clientWidth") > before
    pan.press("Enter")
    assert pan.locator("img").evaluate("image => image.clientWidth") == before
    tab.close()


def test_the_label_table_can_be_filtered(browser: Any, page: Path) -> None:
    tab = browser.new_page()
    tab.goto(page.as_uri())
    tab.get_by_label("Filter by label or term").fill("myst")
    rows = tab.locator("#mapping tbody tr:visible")
    assert rows.count() == 1
    assert "mystery" in rows.inner_text()
    assert tab.get_by_role("status").inner_text() == "1 of 2 labels"
    tab.close()
