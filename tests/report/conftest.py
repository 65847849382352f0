"""Fixtures for tests of the report in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium


@pytest.fixture(scope="module")  # not with a wider scope: no other event loop can run in the process at the same time
def browser() -> Iterator[Browser]:
    """Start headless Chromium; skip the test if it is not installed."""
    with chromium() as browser:
        yield browser
