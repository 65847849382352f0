"""The report: what it says, and how it behaves in a browser."""

import re
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.errors import InputError
from spatialcore.plotting.run_figures import draw_run_figures
from spatialcore.report import write_report
from spatialcore.report.overview import judge
from tests.plotting.test_run_figures import annotated
from tests.plotting.tissues import MARKERS, make_tissue


@pytest.fixture(scope="module")
def sample() -> ad.AnnData:
    return annotated(make_tissue())


@pytest.fixture(scope="module")
def page(sample: ad.AnnData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawn = draw_run_figures(sample, markers={name: list(genes) for name, genes in MARKERS.items()})
    return write_report(sample, tmp_path_factory.mktemp("report") / "report.html", figures=drawn)


def test_the_verdict_counts_and_worries(sample: ad.AnnData) -> None:
    verdict = judge(sample, 0.8, pd.DataFrame())
    kept = sample.obs[columns.CELL_TYPE].astype(str) != columns.UNASSIGNED
    assert (verdict.n_cells, verdict.n_called, verdict.n_types) == (410, 375, 3)
    assert verdict.expected_accuracy == pytest.approx(sample.obs.loc[kept, columns.CONFIDENCE].mean())
    assert verdict.title == "Cell types of node_7"
    worries = " ".join(verdict.worries)
    assert "T cell for B cell (30 %)" in worries
    assert "mystery" in worries


def test_an_uncalibrated_confidence_promises_nothing(sample: ad.AnnData) -> None:
    other = sample.copy()
    other.uns[columns.MANIFEST] = {**other.uns[columns.MANIFEST], "confidence_transform": "zscore"}
    verdict = judge(other, 0.8, pd.DataFrame())
    assert verdict.expected_accuracy is None
    assert "not calibrated" in verdict.worries[0]


def test_the_page_stands_alone(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert text.count("data:image/webp;base64,") >= 10


def test_it_tells_the_story(page: Path) -> None:
    text = page.read_text()
    for told in (
        "s3://bucket/atlas.h5ad",
        "excluded label",
        "CC BY 4.0",
        "CL:0000084",
        "lymph node",
        "Domínguez Conde",
    ):
        assert told in text


def test_text_of_the_data_is_text_on_the_page(sample: ad.AnnData, tmp_path: Path) -> None:
    other = sample.copy()
    manifest = dict(other.uns[columns.MANIFEST])
    manifest["label_mapping_json"] = manifest["label_mapping_json"].replace("mystery", "<script>alert(1)</script>")
    other.uns[columns.MANIFEST] = manifest
    text = write_report(other, tmp_path / "r.html", figures={"figures": {}}).read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_data_without_calls_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cell_type"):
        write_report(ad.AnnData(np.ones((2, 2), np.float32)), tmp_path / "r.html")


def test_a_page_is_never_half_there(sample: ad.AnnData, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no name for a web page"):
        write_report(sample, tmp_path / "report.pdf", figures={"figures": {}})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_opens_without_errors_or_requests(browser: Any, page: Path, width: int, scheme: str) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
    tab.goto(page.as_uri())
    assert said == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0 && image.alt)")
    tab.close()


def test_on_a_phone_pictures_are_panned_not_shrunk(browser: Any, page: Path) -> None:
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.goto(page.as_uri())
    widths = tab.evaluate("[...document.images].map(image => [image.clientWidth, image.parentElement.clientWidth])")
    assert all(own >= room for own, room in widths)
    assert max(own for own, _ in widths) == 678  # 680 with its border
    tab.close()


@pytest.mark.parametrize("query", ["/data/node_7", "s3://b/node_7.h5ad", "node_7.zarr/"])
def test_the_title_is_the_sample(sample: ad.AnnData, query: str) -> None:
    other = ad.AnnData(obs=sample.obs, uns=dict(sample.uns))
    other.uns[columns.MANIFEST] = {**sample.uns[columns.MANIFEST], "query": query}
    assert judge(other, 0.8, pd.DataFrame()).title == "Cell types of node_7"


def test_the_label_table_can_be_searched(browser: Any, page: Path) -> None:
    tab = browser.new_page()
    tab.goto(page.as_uri())
    tab.get_by_label("Find a label or a term").fill("myst")
    rows = tab.locator("#mapping tbody tr:visible")
    assert rows.count() == 1
    assert "mystery" in rows.inner_text()
    assert tab.get_by_role("status").inner_text() == "1 of 2 labels"
    tab.close()
