"""Nothing appears under its name before it is whole, whoever else writes to it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spatialcore.core.files import whole


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail() -> None:
        with whole(path) as part:
            part.write_text("ne")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("table.csv", "old")]


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "store.zarr"
    for content in ("old", "new"):
        with whole(path) as part:
            part.mkdir()
            (part / content).write_text(content)
    assert [str(file.relative_to(tmp_path)) for file in sorted(tmp_path.rglob("*"))] == ["store.zarr", "store.zarr/new"]


def test_writers_of_one_name_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "figure.png"

    def write(index: int) -> None:
        with whole(path) as part:
            part.write_text(f"{index}" * 10_000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert path.read_text() in {f"{index}" * 10_000 for index in range(8)}
    assert [file.name for file in path.parent.iterdir()] == ["figure.png"]
