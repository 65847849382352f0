"""spatialcore acquire: download into a store."""

import json
from pathlib import Path

from tests.cli.workplace import Command, Workplace


def test_acquire_into_an_unwritable_folder(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    outcome = spatialcore("acquire", workplace.first, tmp_path / "file" / "reference.h5ad")
    assert outcome.code == 5
    assert "Traceback" not in outcome.err


def test_acquire_stores_a_file_once(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    target = tmp_path / "store" / "reference.h5ad"
    assert json.loads(spatialcore("acquire", workplace.first, target, "--json").out)["output"] == str(target)
    assert target.read_bytes() == workplace.first.read_bytes()
    assert spatialcore("acquire", workplace.first, target).code == 0


def test_acquire_lists_data_sets(spatialcore: Command) -> None:
    assert "human_lung_cell_atlas" in spatialcore("acquire", "--list").out
    assert spatialcore("acquire").code == 2
