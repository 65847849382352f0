"""Pages that are added to the Prefect UI."""

import shutil
from pathlib import Path

import prefect.server
import pytest
from playwright.sync_api import expect

from deployments.ui.pages import add_pages
from tests.deployments.browser import browsing, sign_in
from tests.deployments.service import Service


def test_adding_pages_again_changes_nothing(tmp_path: Path) -> None:
    shutil.copy(Path(prefect.server.__file__).parent / "ui" / "index.html", tmp_path)
    add_pages(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    add_pages(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert first.keys() == {"index.html", "open.html", "form_errors.js"}
    assert first["index.html"].count(b"form_errors.js") == 1


@pytest.mark.service
@pytest.mark.browser
@pytest.mark.slow
def test_the_ui_opens_with_what_people_start_and_an_empty_form_says_what_is_missing(service: Service) -> None:
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
        assert abs(line["y"] - button["y"]) < 60, "beside the button"
