"""Tissues in a user's folder, and errors in their files."""

from pathlib import Path

import pytest

from deployments.tissue_settings import TISSUES, load_tissues, shipped_tissues
from spatialcore import storage
from spatialcore.errors import InputError
from tests.deployments.test_obsolete_deployments import TONSIL


@pytest.mark.parametrize("where", ["folder", "memory"])
def test_a_user_folder_replaces_the_packaged_tissues(tmp_path: Path, where: str) -> None:
    folder = str(tmp_path) if where == "folder" else f"memory://bucket/{tmp_path.name}"
    storage.put_text(TONSIL, f"{folder}/tonsil.yaml")
    storage.put_text(TONSIL.replace("Tonsil", "Knochenmark"), f"{folder}/bone marrow.yaml")
    storage.put_text("not one", f"{folder}/README.md")
    assert [tissue.tissue for tissue in load_tissues({TISSUES: folder})] == ["bone marrow", "tonsil"]
    assert load_tissues({}) == shipped_tissues()


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("title: Tonsil", "title: ''"), 2, "title is '', expected at least 1 character"),
        (("panel:", "pannel:"), 4, "unknown setting pannel"),
        (("0 2 11 * *", "0 2 99 * *"), 6, "schedule.cron: Invalid cron string"),
        (("schedule:", "max_cells_per_type: -1\nschedule:"), 6, "max_cells_per_type is -1, expected at least 1"),
        (("title: Tonsil", "title: Tonsil\ntissue: lung"), 3, "tissue: the name of the file is the name"),
        (("schedule: {cron", "schedule: {cron: ["), 6, "invalid YAML"),
        (('uri: "cellxgene', 'url: "cellxgene'), 3, "references.0.uri is missing"),
    ],
)
def test_an_error_has_its_file_and_line(tmp_path: Path, change: tuple[str, str], line: int, words: str) -> None:
    (tmp_path / "tonsil.yaml").write_text(TONSIL.replace(*change))
    with pytest.raises(InputError) as error:
        load_tissues({TISSUES: str(tmp_path)})
    assert f"tonsil.yaml:{line}: {words}" in str(error.value)


def test_errors_of_all_files_are_reported_together_including_names_that_are_paths(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TONSIL.replace("title", "titel"))
    (tmp_path / ("x" * 120 + ".yaml")).write_text(TONSIL)
    with pytest.raises(InputError, match=r"a\.yaml:2: unknown setting titel(?s:.*)has 120 characters"):
        load_tissues({TISSUES: str(tmp_path)})


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the folder has no \.yaml file"):
        load_tissues({TISSUES: str(tmp_path)})
