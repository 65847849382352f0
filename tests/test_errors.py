"""Exceptions of the package: messages, hints and built-in base classes."""

import pytest

from spatialcore import errors
from spatialcore.errors import SpatialCoreError

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
