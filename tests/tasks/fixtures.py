"""Fixtures for tests of tasks and flows: one Prefect server, and the list of computed stages."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tasks.schemas import StageResult


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """Run a Prefect server with a temporary database. Tests that use it run in one process (tests/conftest.py)."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture
def computed_stages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which each stage adds its name when it is computed instead of read from the store."""
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
    """Return a store in a folder, and one in memory."""
    return str(tmp_path) if request.param == "folder" else f"memory://bucket/{tmp_path.name}"
