"""spatialcore models: list, show, promote and roll back."""

from pathlib import Path

import pytest

from spatialcore import registry
from tests.cli.workplace import Command, json_output


def test_empty_registry_and_cache(spatialcore: Command, tmp_path: Path) -> None:
    assert json_output(spatialcore, "models", "ls", "--store", tmp_path) == []
    assert "no model has been published" in spatialcore("models", "ls", "--store", tmp_path).out
    assert json_output(spatialcore, "cache", "ls", "--folder", tmp_path) == []
    assert json_output(spatialcore, "cache", "clear", "--folder", tmp_path) == []
    assert json_output(spatialcore, "models", "show", "breast", "--store", tmp_path, code=3)["error"]["hint"]
    assert json_output(spatialcore, "acquire", "--list")[0]["dataset_key"]


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Return a store with two published versions of a breast model; the first one is in use."""
    uri = str(tmp_path / "store")
    for content in ("first", "second"):
        model = tmp_path / "breast.pkl"
        model.write_text(content)
        version = registry.publish(uri, "breast", [model], details={"classes": 3})
        if content == "first":
            registry.promote(uri, "breast", version.version)
    return uri


def test_list_marks_the_version_in_use(spatialcore: Command, store: str) -> None:
    versions = json_output(spatialcore, "models", "ls", "--store", store)
    assert [version["in_use"] for version in versions] == [True, False]
    lines = spatialcore("models", "ls", "--store", store).out.splitlines()[1:]
    assert [line.startswith("*") for line in lines] == [True, False]


def test_show_promote_and_rollback(spatialcore: Command, store: str) -> None:
    first, second = (version["version"] for version in json_output(spatialcore, "models", "ls", "--store", store))
    assert "classes" in spatialcore("models", "show", "breast", "--store", store).out
    assert json_output(spatialcore, "models", "promote", "breast", second, "--store", store)["version"] == second
    assert spatialcore("models", "rollback", "breast", "--store", store).out == f"breast: version {first} is in use\n"
    assert json_output(spatialcore, "models", "show", "breast", "--store", store)["version"] == first
