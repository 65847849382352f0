"""In every store, versions never change and concurrent moves of the pointer are not lost."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spatialcore import registry, storage
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import ConflictError, FileMissingError, InputError
from tests.contract.servers import BUCKET


@pytest.fixture(params=["file", "memory", "s3", "gs", "az"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return str(tmp_path / "store")
    if request.param != "memory":
        request.getfixturevalue({"az": "azure"}.get(request.param, request.param))
    return f"{request.param}://{BUCKET}/{uuid.uuid4().hex}"


def model(folder: Path, content: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "lung.pkl", folder / "lung_celltypist.json"]
    for path in paths:
        path.write_text(f"{path.suffix} {content}")
    return paths


def test_a_published_version_can_be_shown_and_fetched(store: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("<p>fine</p>")
    version = registry.publish(
        store, "lung", model(tmp_path, "one"), extras={"report.html": report}, details={"classes": 7}
    )
    assert registry.show(store, "lung", version.version) == version
    assert version.model_uri.endswith(f"/models/lung/{version.version}/lung.pkl")
    assert {file.uri.rpartition("/")[2] for file in version.files} == {
        "lung.pkl",
        "lung_celltypist.json",
        "report.html",
    }
    storage.get(version.model_uri, tmp_path / "back.pkl")
    assert sha256_of_file(tmp_path / "back.pkl") == version.files[0].sha256 == sha256_of_file(tmp_path / "lung.pkl")
    assert registry.tissues(store) == ["lung"]
    assert registry.current(store, "lung") is None, "publishing does not promote a model"


def test_the_same_content_is_the_same_version_and_is_never_written_again(store: str, tmp_path: Path) -> None:
    first = registry.publish(store, "lung", model(tmp_path, "one"), details={"run": 1})
    second = registry.publish(store, "lung", model(tmp_path / "elsewhere", "one"), details={"run": 2})
    other = registry.publish(store, "lung", model(tmp_path, "two"))
    assert second == first
    assert other.version != first.version
    assert [each.version for each in registry.versions(store, "lung")] == [first.version, other.version]


def test_promote_and_roll_back_only_move_the_pointer(store: str, tmp_path: Path) -> None:
    one, two = (registry.publish(store, "lung", model(tmp_path, text)).version for text in ("one", "two"))
    registry.promote(store, "lung", one, reason="first")
    pointer = registry.promote(store, "lung", two, reason="better")
    assert (pointer.version, pointer.previous) == (two, one)
    assert registry.show(store, "lung").version == two
    rolled_back = registry.rollback(store, "lung")
    assert registry.show(store, "lung").version == one
    assert [move.version for move in rolled_back.moves] == [one, two, one]
    assert [move.reason for move in rolled_back.moves] == ["first", "better", "rollback"]
    assert json.loads(storage.read_text(f"{store}/models/lung/current.json"))["version"] == one


def test_promoting_the_model_in_use_changes_nothing(store: str, tmp_path: Path) -> None:
    version = registry.publish(store, "lung", model(tmp_path, "one")).version
    first = registry.promote(store, "lung", version)
    assert registry.promote(store, "lung", version, reason="again") == first


def test_concurrent_promotions_are_all_recorded(store: str, tmp_path: Path) -> None:
    names = [registry.publish(store, "lung", model(tmp_path, str(i))).version for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: registry.promote(store, "lung", name), names))
    pointer = registry.current(store, "lung")
    assert pointer is not None
    assert sorted(move.version for move in pointer.moves) == sorted(names)


def test_a_challenger_of_another_champion_is_refused(store: str, tmp_path: Path) -> None:
    one, two, three = (registry.publish(store, "lung", model(tmp_path, text)).version for text in "123")
    registry.promote(store, "lung", two)
    with pytest.raises(ConflictError, match=f"is {two}, expected {one}"):
        registry.promote(store, "lung", three, champion=one)
    assert registry.show(store, "lung").version == two


def test_an_incomplete_version_is_ignored(store: str, tmp_path: Path) -> None:
    version = registry.publish(store, "lung", model(tmp_path, "one"))
    storage.delete(f"{version.uri}/version.json")
    assert registry.versions(store, "lung") == []
    with pytest.raises(FileMissingError):
        registry.promote(store, "lung", version.version)
    assert registry.publish(store, "lung", model(tmp_path, "one")).version == version.version


def test_other_files_are_not_versions(store: str, tmp_path: Path) -> None:
    version = registry.publish(store, "lung", model(tmp_path, "one"))
    storage.put_text("notes of a user", f"{store}/models/lung/old models/readme.txt")
    assert registry.versions(store, "lung") == [version]


def test_errors_name_missing_versions(store: str, tmp_path: Path) -> None:
    version = registry.publish(store, "lung", model(tmp_path, "one")).version
    with pytest.raises(FileMissingError, match=version):
        registry.show(store, "lung", "0123456789ab")
    with pytest.raises(InputError, match="no previous version"):
        registry.rollback(store, "lung")
    with pytest.raises(InputError, match="begins with a dot"):
        registry.show(store, "../secrets", version)


def test_a_copy_is_an_independent_registry(store: str, tmp_path: Path) -> None:
    """The original is deleted, and the files of the copy have other version tokens."""
    one, two = (registry.publish(store, "lung", model(tmp_path, text)) for text in ("one", "two"))
    for version in (one, two):
        registry.promote(store, "lung", version.version)
    moved = f"{store}-moved/deeper"
    for uri in storage.list_files(store):
        storage.put_bytes(storage.read_bytes(uri), uri.replace(store, moved))
        storage.delete(uri)
    assert registry.tissues(store) == []
    assert registry.show(moved, "lung").model_uri == f"{moved}/models/lung/{two.version}/lung.pkl"
    assert registry.rollback(moved, "lung").version == one.version
    for original, copied in zip(one.files, registry.show(moved, "lung").files, strict=True):
        assert copied.uri == original.uri.replace(store, moved)
        recognised = storage.recognised(copied)
        assert recognised is not None
        assert (recognised.uri, recognised.sha256, recognised.token) == (
            copied.uri,
            original.sha256,
            storage.token(copied.uri),
        )
    assert registry.publish(moved, "lung", model(tmp_path, "two")).uri == f"{moved}/models/lung/{two.version}"
