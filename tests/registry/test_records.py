"""Records of the registry: files and moves."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from spatialcore.registry.records import ModelVersion, Move, Pointer
from spatialcore.storage import StoredFile

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def stored(name: str) -> StoredFile:
    return StoredFile(uri=f"s3://lab/models/lung/ab12/{name}", token="1", sha256="0" * 64, size=1)


VERSION = ModelVersion(
    tissue="lung",
    version="ab12",
    uri="s3://lab/models/lung/ab12",
    published=NOW,
    artifact="lung.pkl",
    files=tuple(map(stored, ("plots/a.png", "lung_colors.json", "lung.pkl", "lung_celltypist.json", "other.json"))),
)


def test_files_of_a_version_by_name() -> None:
    assert VERSION.model_uri == "s3://lab/models/lung/ab12/lung.pkl"
    assert set(VERSION.contents) >= {"lung.pkl", "plots/a.png"}
    assert list(VERSION.model_files) == ["lung.pkl", "lung_celltypist.json", "lung_colors.json"]


def test_the_previous_version_is_the_last_other_one() -> None:
    moves = tuple(Move(version=name, when=NOW) for name in ("a", "b", "b", "c", "c"))
    assert Pointer(tissue="lung", version="c", moves=moves).previous == "b"
    assert Pointer(tissue="lung", version="a", moves=moves[:1]).previous is None


def test_records_are_strict_and_round_trip_through_json() -> None:
    assert ModelVersion.model_validate_json(VERSION.model_dump_json()) == VERSION
    with pytest.raises(ValidationError):
        Move(version="a", when=NOW, who="me")  # type: ignore[call-arg]
