"""What every test may ask for."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import home

home.move()  # before anything is imported that looks where it is
pytest_plugins = ("tests.contract.store_fixtures", "tests.tasks.fixtures")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, so that its fixtures are made once, and those that share a server.

    Tests marked ``soak`` take minutes; they run only where they are asked for: ``make soak``.
    """
    if "soak" not in config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("soak")])
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
    for item in items:
        folder = item.path.parent
        group = folder if folder.name == "deployments" else item.path
        if "prefect_server" in getattr(item, "fixturenames", ()):
            group = folder.parent / "flows"
        item.add_marker(pytest.mark.xdist_group(str(group)))


@pytest.hookimpl(trylast=True)  # when all fixtures that end with a test have ended
def pytest_runtest_teardown() -> None:
    """Fail a test in whose time something reached for the user's home."""
    assert home.trespasses() == []


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


@pytest.fixture
def hide_package(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make an optional package look as if it were not installed, whatever an earlier test loaded of it."""
    from fsspec.registry import _registry as loaded_systems

    from spatialcore.storage import connections

    def hide(module: str) -> None:
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.setattr(connections, "_file_systems", {})
        for scheme in ("s3", "gs"):
            monkeypatch.delitem(loaded_systems, scheme, raising=False)

    return hide
