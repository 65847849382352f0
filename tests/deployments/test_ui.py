"""A run from the Prefect UI: fill in the form, submit, watch, and open the artifacts."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from spatialcore.demo.blood import LABEL_COLUMN, blood_data
from tests.deployments.browser import add_item, browsing, choose, field, fill, sign_in
from tests.deployments.service import Service

# Set to a folder to save the screenshots for docs/img.
PICTURES = os.environ.get("SPATIALCORE_UI_PICTURES")


@pytest.mark.service
@pytest.mark.browser
@pytest.mark.slow
def test_a_run_from_the_ui(worker: Service, tmp_path: Path) -> None:
    blood_data(tmp_path)
    outside: list[str] = []
    with browsing(worker) as page:
        sign_in(page, worker)
        page.on("request", lambda request: outside.append(request.url))
        _open_form(page, worker)
        _fill_in(page, tmp_path)

        fill(page, "Confidence threshold", "7")
        page.get_by_role("button", name="Submit").click()
        error = page.get_by_text(re.compile("7.* is greater than the maximum of 1"))
        expect(error.first).to_be_visible()
        assert "config.confidence_threshold" in error.first.inner_text()
        _picture(page, "error")

        fill(page, "Confidence threshold", "0.8")
        with page.expect_response(re.compile("create_flow_run$")) as answer:
            page.get_by_role("button", name="Submit").click()
        run = answer.value.json()["id"]
        _watch(page, worker, run)
        _read_artifacts(page, worker, run)
    inside = (worker.url, f"blob:{worker.url}", "data:", "about:")
    assert [url for url in outside if not url.startswith(inside)] == []
    _check_log(worker, run)


@pytest.mark.service
@pytest.mark.browser
@pytest.mark.slow
def test_the_ui_lists_deployments_for_users_and_an_empty_form_is_refused(service: Service) -> None:
    started_by_people = [each for each in service.deployments() if "start-here" in each["tags"]]
    blood = service.get("deployments/name/train_and_annotate/blood")["id"]
    with browsing() as page:
        sign_in(page, service)
        expect(page.locator(".deployment-list__deployment")).to_have_count(len(started_by_people))
        expect(page.get_by_text("refresh_references")).to_have_count(0)

        page.goto(f"{service.url}/deployments/deployment/{blood}/run")
        submit = page.get_by_role("button", name="Submit")
        submit.click()
        expect(page.get_by_role("alert")).to_have_text("Not submitted: 'queries' is a required property")
        line, button = page.get_by_role("alert").bounding_box(), submit.bounding_box()
        assert line is not None
        assert button is not None
        assert abs(line["y"] - button["y"]) < 60, "the message is beside the button"


def _open_form(page: Page, service: Service) -> None:
    deployment = service.wait_for_worker("train_and_annotate/blood")
    page.goto(f"{service.url}/deployments/deployment/{deployment['id']}")
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    _picture(page, "deployment")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    expect(field(page, "Tissue").locator("textarea")).to_have_value("blood")


def _fill_in(page: Page, data: Path) -> None:
    add_item(page, "Queries")
    fill(page, "Path or URI", str(data / "query.h5ad"))
    fill(page, "Sample name", "pbmc")
    fill(page, "Path or URI", str(data / "pbmc68k_part1.h5ad"), nth=1)
    fill(page, "Label column", LABEL_COLUMN)
    add_item(page, "References")
    fill(page, "Path or URI", str(data / "pbmc68k_part2.h5ad"), nth=2)
    fill(page, "Label column", LABEL_COLUMN, nth=1)
    choose(page, "Balance between references", "equal")
    for label in ("Balance between references", "Confidence", "Trainer", "Label granularity", "Call resolution"):
        expect(field(page, label).locator(".p-select-button")).to_be_visible()
    expect(page.locator(".monaco-editor, .p-code-input")).to_have_count(0)  # no field is entered as JSON
    page.get_by_text("Parameters", exact=True).scroll_into_view_if_needed()
    _picture(page, "form")


def _watch(page: Page, service: Service, run: str) -> None:
    page.goto(f"{service.url}/runs/flow-run/{run}")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()  # the run has not ended
    page.goto("about:blank")  # the page re-renders constantly, which uses more CPU than the run
    service.wait(run, timeout=180)
    page.goto(f"{service.url}/runs/flow-run/{run}")
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    page.wait_for_timeout(1500)  # the graph is drawn on a canvas
    _picture(page, "run")


def _read_artifacts(page: Page, service: Service, run: str) -> None:
    result = service.post("artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})
    assert {artifact["key"].partition("-")[0] for artifact in result} == {"summary", "composition", "report"}
    page.get_by_text("Artifacts", exact=True).first.click()
    page.locator("a", has_text="summary-blood").first.click()
    expect(page.get_by_role("heading", name="pbmc")).to_be_visible()
    expect(page.locator("img[src^='data:image']").first).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 1500})
    _picture(page, "summary")
    link = next(artifact for artifact in result if artifact["key"].startswith("report-"))
    assert f"{service.files_url}/runs/blood-" in link["data"]
    page.get_by_role("link", name="report.html").click()
    report = _page_at(page, service.files_url)
    expect(report.get_by_role("heading", level=1)).to_be_visible()
    assert report.url in link["data"]


def _page_at(page: Page, url: str) -> Page:
    """Return the tab with a URL, either this one or one opened by a click."""
    for _ in range(50):
        for tab in page.context.pages:
            if tab.url.startswith(url):
                return tab
        page.wait_for_timeout(200)
    raise AssertionError([tab.url for tab in page.context.pages])


def _check_log(service: Service, run: str) -> None:
    lines = service.logs(run)
    library_lines = [line for line in lines if line["name"].startswith("spatialcore") and line["level"] == 20]
    assert library_lines, "INFO lines of the library are sent to the server"


def _picture(page: Page, name: str) -> None:
    if PICTURES:
        page.wait_for_timeout(800)  # new elements move while they are added
        page.screenshot(path=str(Path(PICTURES) / f"ui-{name}.png"))
