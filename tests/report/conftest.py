"""A browser for the pages of the report."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium


@pytest.fixture(scope="module")  # not longer: no other event loop can run in the process meanwhile
def browser() -> Iterator[Browser]:
    """Start headless Chromium; skip if it is not installed."""
    with chromium() as browser:
        yield browser
