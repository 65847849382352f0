"""Control headless Chromium on the Prefect UI through visible elements, as a user would."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import HttpCredentials, Locator, Page, expect

from deployments.ui.pages import DEPLOYMENTS
from tests.browser import chromium
from tests.deployments.service import Service

expect.set_options(timeout=30_000)  # milliseconds; pages render slowly on a small machine
_FIELD = "xpath=ancestor::div[contains(concat(' ', @class, ' '), ' p-label ')][1]"


@contextmanager
def browsing(service: Service | None = None) -> Iterator[Page]:
    """Open a page with the login for the results; skip the test if Chromium is not installed."""
    credentials: HttpCredentials | None = None
    if service is not None:
        user, password = service.auth
        credentials = {"username": user, "password": password, "origin": service.files_url}
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1280, "height": 900}, http_credentials=credentials)


def sign_in(page: Page, service: Service) -> None:
    """Open the UI in the same way as `make serve`."""
    token = base64.b64encode(service.login.encode()).decode()
    page.goto(f"{service.url}/open.html#{token}")
    page.wait_for_url(f"{service.url}{DEPLOYMENTS}")


def field(page: Page, label: str, nth: int = 0) -> Locator:
    """Return the form field with a label. In Prefect's forms, labels are not linked to their inputs."""
    text = re.compile(rf"^{re.escape(label)}( \(Optional\))?$")
    return page.locator(".schema-form-property__label", has_text=text).nth(nth).locator(_FIELD)


def fill(page: Page, label: str, value: str, nth: int = 0) -> None:
    """Type into a field. The form needs a moment to store a value; a second input right after it would be lost."""
    box = field(page, label, nth).locator("textarea, input").first
    box.fill(value)
    page.wait_for_timeout(250)
    expect(box).to_have_value(value)


def choose(page: Page, label: str, option: str) -> None:
    """Select an option from a drop-down."""
    field(page, label).locator(".p-select-button__control").focus()
    page.keyboard.press("ArrowDown")
    page.locator(".p-select-option", has_text=option).first.click()
    expect(field(page, label).locator(".p-select-button__value")).to_have_text(option)


def add_item(page: Page, label: str) -> None:
    """Add an item to a list."""
    field(page, label).get_by_text("Add item").click()
    page.wait_for_timeout(250)
