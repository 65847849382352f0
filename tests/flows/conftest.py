"""Small real data for the tests of flows, which run on one Prefect server."""

from pathlib import Path
from typing import Any

import pytest

from flows.parameters import TrainAndAnnotateParameters
from flows.train_and_annotate import train_and_annotate
from spatialcore.demo.blood import LABEL_COLUMN, blood_data
from tasks.schemas import RunManifest


@pytest.fixture(scope="session", autouse=True)
def _on_the_prefect_server(prefect_server: None) -> None:
    """Use the server in every test of this folder."""


@pytest.fixture(scope="session")
def blood(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the demo's references and query into a folder."""
    folder = tmp_path_factory.mktemp("blood")
    blood_data(folder)
    return folder


def blood_config(folder: Path, store: Path | str, **settings: Any) -> TrainAndAnnotateParameters:
    """Return the configuration of a run on the demo's data, by default without plots."""
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


@pytest.fixture(scope="session")
def blood_run(blood: Path, tmp_path_factory: pytest.TempPathFactory) -> RunManifest:
    """Run the main flow once with plots. Tests that change its store use a copy."""
    return train_and_annotate(blood_config(blood, tmp_path_factory.mktemp("store"), generate_plots=True))
