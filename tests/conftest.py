"""What every test may ask for."""

from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, so that its fixtures are made once; all that share a server, too."""
    for item in items:
        folder = item.path.parent.name
        group = "prefect" if folder in {"flows", "deployments"} else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real data beside the checkout; skip where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the real data folder {SHARED.name}/ is not beside this checkout")
    return SHARED


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a seeded generator."""
    return np.random.default_rng(0)
