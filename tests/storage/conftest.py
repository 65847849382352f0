"""Fixtures for the tests of this folder."""

import pytest


@pytest.fixture(autouse=True)
def environment(quick_retries: None) -> None:
    """Retry without long waits in every test."""
