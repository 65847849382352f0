"""Headless Chromium, which looks at pages as a person would."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NO_GPU = ("--disable-gpu",)


@contextmanager
def chromium(switches: tuple[str, ...] = NO_GPU) -> Iterator[Browser]:
    """Start a browser for the length of the block; skip where none is installed."""
    program = next((result for name in NAMES if (result := shutil.which(name))), None)
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*SWITCHES, *switches])
        try:
            yield browser
        finally:
            browser.close()
