"""Exceptions of the package: messages, hints and built-in base classes."""

import re
from pathlib import Path

import pytest

import spatialcore
from spatialcore import errors
from spatialcore.errors import InputError, SpatialCoreError, reason_of

SPATIALCORE = Path(spatialcore.__file__).parent
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SpatialCoreError)]


@pytest.mark.parametrize("kind", KINDS)
def test_message_and_hint(kind: type[SpatialCoreError]) -> None:
    error = kind("n is -1, expected an integer >= 1", hint="omit n")
    assert (error.message, error.hint) == ("n is -1, expected an integer >= 1", "omit n")
    assert str(error) == "n is -1, expected an integer >= 1\n  -> omit n"
    assert str(kind("no hint")) == "no hint"


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("InputError", ValueError),
        ("LabelColumnError", ValueError),
        ("FileMissingError", FileNotFoundError),
        ("DependencyError", ImportError),
        ("StorageError", OSError),
        ("ConflictError", FileExistsError),
    ],
)
def test_built_in_base_class(name: str, base: type[Exception]) -> None:
    assert issubclass(getattr(errors, name), base)


def test_an_absent_column_lists_at_most_twenty() -> None:
    error = errors.LabelColumnError.absent("type", [f"c{i}" for i in range(23)], where="a.h5ad")
    assert error.message.startswith("Label column not found: 'type' in a.h5ad. Columns: c0, c1, ")
    assert error.message.endswith("c19 and 3 more")
    assert str(errors.LabelColumnError.absent("type", [], what="Source column")).startswith(
        "Source column not found: 'type'. Columns: none"
    )


@pytest.mark.parametrize(
    ("column", "hint"),
    [
        ("celltype", "did you mean cell_type?; columns that may have cell types: leiden"),
        ("CELL_TYPE", "did you mean cell_type?; columns that may have cell types: leiden"),
        ("zzz", f"columns that may have cell types: cell_type, leiden; {errors.LIST_COLUMNS}"),
    ],
)
def test_similar_and_likely_columns_are_suggested(column: str, hint: str) -> None:
    error = errors.LabelColumnError.absent(column, ["donor", "cell_type", "leiden"])
    assert error.hint == hint
    assert errors.LabelColumnError.absent(column, ["cell_type"], hint="read the manual").hint == "read the manual"
    assert errors.LabelColumnError.absent("zzz", ["donor"]).hint == errors.LIST_COLUMNS


def test_one_message_for_an_absent_label_column() -> None:
    """No other module has this message."""
    sources = [path for path in SPATIALCORE.rglob("*.py") if path.name != "errors.py"]
    assert [path for path in sources if "olumn not found" in path.read_text()] == []


def test_extras_named_in_errors_exist() -> None:
    from importlib.metadata import metadata

    extras = set(metadata("spatialcore-celltyping").get_all("Provides-Extra"))
    texts = [path.read_text() for path in SPATIALCORE.rglob("*.py")]
    extras_in_errors = {name for text in texts for name in re.findall(r"spatialcore-celltyping\[([a-z0-9]+)\]", text)}
    assert {"census", "synapse"} <= extras_in_errors <= extras
    clients = {name for text in texts for name in re.findall(r'^    extra(?:: ClassVar\[str\])? = "(\w+)"', text, re.M)}
    assert {"s3", "gcs", "azure"} <= clients <= extras


def test_the_reason_of_an_error_is_one_line() -> None:
    assert reason_of(InputError("no bars", hint="pass data")) == "no bars"
    assert reason_of(ValueError("first line\nsecond line")) == "ValueError: first line"
