"""What the tests of this folder share."""

import pytest


@pytest.fixture(autouse=True)
def environment(quick_retries: None) -> None:
    """Let every test wait little between attempts."""
