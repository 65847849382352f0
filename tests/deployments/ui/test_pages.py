"""Pages added to the Prefect UI."""

import shutil
from pathlib import Path

import prefect.server

from deployments.ui.pages import add_pages


def test_adding_pages_again_changes_nothing(tmp_path: Path) -> None:
    shutil.copy(Path(prefect.server.__file__).parent / "ui" / "index.html", tmp_path)
    add_pages(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    add_pages(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert first.keys() == {"index.html", "open.html", "form_errors.js"}
    assert first["index.html"].count(b"form_errors.js") == 1
