"""Fixtures for tests of tasks and flows: one Prefect server, and the stages that were computed."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tasks.schemas import StageResult


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """Run a Prefect server on a database of its own; tests that use it are in one process (tests/conftest.py)."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every stage that is computed, not taken from the store, adds its name."""
    from tasks import stage_cache

    names: list[str] = []
    make = stage_cache._make

    def record(folder: str, kind: "type[StageResult]", *arguments: Any) -> Any:
        names.append(kind.STAGE)
        return make(folder, kind, *arguments)

    monkeypatch.setattr(stage_cache, "_make", record)
    return names


@pytest.fixture(params=["folder", "memory"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a store in a folder, and one that is not on this machine's disk."""
    return str(tmp_path) if request.param == "folder" else f"memory://bucket/{tmp_path.name}"
