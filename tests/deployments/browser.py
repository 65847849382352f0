"""Headless Chromium on the Prefect UI: what a person would do, by what a person sees."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import HttpCredentials, Locator, Page, expect

from deployments.ui.pages import DEPLOYMENTS
from tests.browser import chromium
from tests.deployments.service import Service

expect.set_options(timeout=30_000)  # milliseconds: a small machine draws pages slowly
_FIELD = "xpath=ancestor::div[contains(concat(' ', @class, ' '), ' p-label ')][1]"


@contextmanager
def browsing(service: Service | None = None) -> Iterator[Page]:
    """Open a page, which knows the login of the service's results; skip where there is no Chromium."""
    credentials: HttpCredentials | None = None
    if service is not None:
        user, password = service.auth
        credentials = {"username": user, "password": password, "origin": service.files_url}
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1280, "height": 900}, http_credentials=credentials)


def sign_in(page: Page, service: Service) -> None:
    """Open the UI as `make serve` opens it."""
    token = base64.b64encode(service.login.encode()).decode()
    page.goto(f"{service.url}/open.html#{token}")
    page.wait_for_url(f"{service.url}{DEPLOYMENTS}")


def field(page: Page, label: str, nth: int = 0) -> Locator:
    """Return the form's field of a label. Prefect's labels are not tied to their inputs."""
    text = re.compile(rf"^{re.escape(label)}( \(Optional\))?$")
    return page.locator(".schema-form-property__label", has_text=text).nth(nth).locator(_FIELD)


def fill(page: Page, label: str, value: str, nth: int = 0) -> None:
    """Type into a field; the form takes a moment to hand a value on, and loses it to one that follows at once."""
    box = field(page, label, nth).locator("textarea, input").first
    box.fill(value)
    page.wait_for_timeout(250)
    expect(box).to_have_value(value)


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a drop-down."""
    field(page, label).locator(".p-select-button__control").focus()
    page.keyboard.press("ArrowDown")
    page.locator(".p-select-option", has_text=option).first.click()
    expect(field(page, label).locator(".p-select-button__value")).to_have_text(option)


def add_item(page: Page, label: str) -> None:
    """Add a card to a list."""
    field(page, label).get_by_text("Add item").click()
    page.wait_for_timeout(250)
