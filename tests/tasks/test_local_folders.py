"""Which local files a worker may read."""

from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import InputError
from tasks import local_folders
from tasks.local_folders import ACQUIRE, READ, refuse_local


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a run started by a deployment on a worker without settings."""
    monkeypatch.setattr(local_folders, "_in_service", lambda: True)
    for name in (READ, ACQUIRE, "SPATIALCORE_STORE"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_service_all_files_may_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(READ, raising=False)
    refuse_local(str(tmp_path / "a.h5ad"))
    refuse_local("/etc/passwd", ACQUIRE)


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("variable", [READ, ACQUIRE])
def test_a_service_reads_only_allowed_local_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with pytest.raises(InputError, match=rf"\(none\)\n  -> .*{variable}"):
        refuse_local("/etc/passwd", variable)
    for uri in ("s3://bucket/a.h5ad", "https://host/a.h5ad", "cellxgene://x"):
        refuse_local(uri, variable)
    monkeypatch.setenv(variable, f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    refuse_local(str(tmp_path / "b" / "x.h5ad"), variable)
    refuse_local(f"file://{tmp_path}/a/x.h5ad", variable)
    for outside in ("/etc/passwd", f"{tmp_path}/a/../c/x.h5ad", f"{tmp_path}/ab/x.h5ad"):
        with pytest.raises(InputError, match="outside the folders"):
            refuse_local(outside, variable)


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    "uri",
    [
        *("FILE:///etc/passwd", "local:///etc/passwd", " /etc/passwd", "//etc/passwd", "file:/etc/passwd"),
        *("~root/x", "/proc/self/environ", "simplecache::file:///etc/passwd", "filecache::s3://bucket/key"),
        *("file://localhost/etc/passwd", "data:text/plain,x", "\u202e/etc/passwd"),
    ],
)
def test_other_forms_of_a_local_path_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv(READ, str(tmp_path))
    with pytest.raises(InputError, match="outside the folders"):
        refuse_local(uri)


@pytest.mark.parametrize(
    "uri", ["reference://x?fo=/etc/passwd", "zip://a::file:///etc/passwd", "ftp://h/x", "smb://h/x"]
)
def test_nested_file_systems_are_not_opened(uri: str) -> None:
    with pytest.raises(InputError, match="unsupported URI scheme"):
        storage.parse_uri(uri)


@pytest.mark.usefixtures("service")
def test_a_link_to_a_file_outside_the_allowed_folders_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link.h5ad").symlink_to("/etc/passwd")
    monkeypatch.setenv(READ, str(tmp_path))
    with pytest.raises(InputError, match="outside the folders"):
        refuse_local(str(tmp_path / "link.h5ad"))


@pytest.mark.usefixtures("service")
def test_a_link_inside_a_subfolder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = tmp_path / "samples" / "run1" / "cells"
    sample.mkdir(parents=True)
    (tmp_path / "shared.csv").touch()
    (sample / "inside.csv").symlink_to(tmp_path / "shared.csv")
    monkeypatch.setenv(READ, str(tmp_path))
    refuse_local(str(tmp_path / "samples"))
    (sample / "outside.csv").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match=r"samples: run1/cells/outside\.csv is on .* outside the folders"):
        refuse_local(str(tmp_path / "samples"))
    refuse_local(str(tmp_path / "samples"), contents=False)


@pytest.mark.usefixtures("service")
def test_the_store_itself_is_read_but_not_copied_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORE", str(tmp_path))
    refuse_local(str(tmp_path / "samples" / "lung"))
    with pytest.raises(InputError, match=ACQUIRE):
        refuse_local(str(tmp_path / "samples" / "lung"), ACQUIRE)
