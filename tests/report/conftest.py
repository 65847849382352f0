"""A browser that looks at pages as a person would."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium


@pytest.fixture(scope="module")  # no longer: while it runs, nothing else of the process may run an event loop
def browser() -> Iterator[Browser]:
    """Start headless Chromium; skip where there is none."""
    with chromium() as started:
        yield started
