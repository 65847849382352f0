"""Fixtures for all tests."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import home

home.use_temporary_home()  # before the imports below, which read HOME
pytest_plugins = ("tests.contract.store_fixtures", "tests.tasks.fixtures")

SHARED_FOLDER = Path(__file__).resolve().parents[2] / "shared"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run all tests of a file in one process, and all tests that share a server in one process.

    Tests marked ``soak`` take minutes and run only if requested: ``make soak``.
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


@pytest.hookimpl(trylast=True)  # after the teardown of all fixtures of the test
def pytest_runtest_teardown() -> None:
    """Fail a test that wrote to the user's home folder."""
    assert home.violations() == []


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real data beside the checkout; skip the test if it does not exist."""
    if not (SHARED_FOLDER / "data").is_dir():
        pytest.skip(f"the real data folder {SHARED_FOLDER.name}/ is not beside this checkout")
    return SHARED_FOLDER


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a seeded generator."""
    return np.random.default_rng(0)


@pytest.fixture
def hide_package(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make an optional package look uninstalled, even if an earlier test imported it."""
    from fsspec.registry import _registry as loaded_systems

    from spatialcore.storage import connections

    def hide(module: str) -> None:
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.setattr(connections, "_file_systems", {})
        for scheme in ("s3", "gs"):
            monkeypatch.delitem(loaded_systems, scheme, raising=False)

    return hide
