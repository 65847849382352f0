"""One Prefect server for all tests of flows, and small real data to run them on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.testing.utilities import prefect_test_harness

from flows.parameters import TrainAndAnnotateParameters
from spatialcore.demo import LABEL_COLUMN, demo_data
from tasks import stage_cache
from tasks.schemas import StageResult


@pytest.fixture(scope="session", autouse=True)
def prefect_server() -> Iterator[None]:
    """Start a Prefect server on a database of its own."""
    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture(scope="session")
def blood(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the demo's references and query into a folder."""
    folder = tmp_path_factory.mktemp("blood")
    demo_data(folder)
    return folder


def blood_config(folder: Path, store: Path | str, **settings: Any) -> TrainAndAnnotateParameters:
    """Return the configuration of a run on the demo's data, without plots unless asked for."""
    return TrainAndAnnotateParameters.from_dict(
        {
            "tissue": "blood",
            "queries": [{"uri": str(folder / "query.h5ad"), "sample": "pbmc"}],
            "references": [
                {"uri": str(path), "label_column": LABEL_COLUMN} for path in sorted(folder.glob("pbmc68k_part*.h5ad"))
            ],
            "store": str(store),
            "generate_plots": False,
            **settings,
        }
    )


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every stage that is computed adds its name."""
    computed: list[str] = []
    make = stage_cache._make

    def record(folder: str, kind: type[StageResult], *rest: Any) -> Any:
        computed.append(kind.STAGE)
        return make(folder, kind, *rest)

    monkeypatch.setattr(stage_cache, "_make", record)
    return computed
