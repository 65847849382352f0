"""Start headless Chromium."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WITHOUT_GPU = ("--disable-gpu",)


@contextmanager
def chromium(switches: tuple[str, ...] = WITHOUT_GPU) -> Iterator[Browser]:
    """Start a browser, closed at the end of the block; skip the test if none is installed."""
    program = next((result for name in PROGRAMS if (result := shutil.which(name))), None)
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*SWITCHES, *switches])
        try:
            yield browser
        finally:
            browser.close()
