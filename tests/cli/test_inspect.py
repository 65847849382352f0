"""spatialcore inspect: data, models, URIs and errors."""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.cli.workplace import Command, Workplace, json_output


def test_inspect_of_a_uri(spatialcore: Command, workplace: Workplace, monkeypatch: Any) -> None:
    from spatialcore import storage

    storage.put(workplace.first, "memory://bucket/inspected.h5ad")
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("SPATIALCORE_CACHE_DIR", folder)
        assert json_output(spatialcore, "inspect", "memory://bucket/inspected.h5ad")["cells"] == 150
    assert (
        json_output(spatialcore, "inspect", "memory://bucket/absent.h5ad", code=3)["error"]["type"]
        == "FileMissingError"
    )


def test_inspect_shows_platform_genes_and_normalization(spatialcore: Command, workplace: Workplace) -> None:
    outcome = spatialcore("inspect", workplace.query, "--against", workplace.first)
    assert outcome.code == 0
    for part in ("Xenium output folder", "200", "30 genes by symbols", "raw counts", "in µm", "30 of 30 (100 %)"):
        assert part in outcome.out


def test_inspect_as_json(spatialcore: Command, workplace: Workplace) -> None:
    outcome = spatialcore("inspect", workplace.first, "--json")
    state = json.loads(outcome.out)
    assert state["label_columns"] == {"cell_type": 3}
    assert (state["query"], state["reference"], state["x"]) == ("yes", "yes", "raw")


def test_inspect_of_an_unknown_format(spatialcore: Command, tmp_path: Path) -> None:
    outcome = spatialcore("inspect", tmp_path)
    assert outcome.code == 2
    assert "Supported:" in outcome.err
