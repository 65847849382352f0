"""Atomic writes, locks between processes, and YAML files."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spatialcore.core.files import locked, locked_if_free, read_yaml, require_writable, whole
from spatialcore.errors import FileMissingError, InputError, StorageError


def test_a_failed_write_leaves_only_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail() -> None:
        with whole(path) as part:
            part.write_text("ne")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("table.csv", "old")]


def test_a_folder_replaces_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "store.zarr"
    for content in ("old", "new"):
        with whole(path) as part:
            part.mkdir()
            (part / content).write_text(content)
    assert [str(file.relative_to(tmp_path)) for file in sorted(tmp_path.rglob("*"))] == ["store.zarr", "store.zarr/new"]


def test_content_of_concurrent_writers_is_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "figure.png"

    def write(index: int) -> None:
        with whole(path) as part:
            part.write_text(f"{index}" * 10_000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert path.read_text() in {f"{index}" * 10_000 for index in range(8)}
    assert [file.name for file in path.parent.iterdir()] == ["figure.png"]


HOLD = """
import sys; from pathlib import Path; from spatialcore.core.files import locked
with locked(Path(sys.argv[1])):
    print('locked', flush=True); sys.stdin.read()
"""


def test_a_lock_excludes_other_processes_until_its_holder_ends(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"locked\n"
    with locked_if_free(path) as free:
        assert not free
    holder.kill()
    holder.communicate()
    with locked(path), locked_if_free(path) as free:
        assert not free  # a second handle in the same process waits as well
    with locked_if_free(path) as free:
        assert free


def test_yaml_mapping_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("tissue: lung\nqueries: [a, b]\n")
    assert read_yaml(path) == {"tissue": "lung", "queries": ["a", "b"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\x89HDF\xff", "not a text file"), (b"a: [", "not valid YAML"), (b"- a\n- b\n", "list"), (b"", "is empty")],
)
def test_other_content_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_yaml(path)


def test_missing_yaml_file(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"no configuration file at .*run\.yaml"):
        read_yaml(tmp_path / "run.yaml")


def test_a_folder_below_a_file_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file is a file, expected a folder"):
        require_writable(tmp_path / "file" / "results")
    require_writable(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("a: 1\nb: 2\na: 3", "keys that occur twice: a"),
        ("a:\n  - {x: 1, x: 2}", "keys that occur twice: x"),
    ],
)
def test_an_empty_file_and_repeated_keys_are_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=fault):
        read_yaml(path)


def test_a_key_of_two_mappings_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("a: [{x: 1}, {x: 2}]\nb: {x: 3}")
    assert read_yaml(path) == {"a": [{"x": 1}, {"x": 2}], "b": {"x": 3}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_yaml_in_encodings_of_windows(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes("tissue: naïve\r\n".encode(encoding))
    assert read_yaml(path) == {"tissue": "naïve"}


def test_yaml_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes("tissue: lung\nstore: résultats\n".encode("latin-1"))
    with pytest.raises(InputError, match="save it as UTF-8: line 2"):
        read_yaml(path)


def test_a_full_disk_is_refused_before_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=300_000))
    with pytest.raises(StorageError, match=r"no space left in .*: 0\.3 MB are free"):
        require_writable(tmp_path / "results")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(total=0, free=0))
    require_writable(tmp_path / "results")
