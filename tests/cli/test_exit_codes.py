"""Exit codes of errors."""

import pytest

from spatialcore.cli.exit_codes import MEANING, Exit, epilog, exit_of
from spatialcore.errors import (
    ConflictError,
    DependencyError,
    FileMissingError,
    InputError,
    ModelError,
    SpatialCoreError,
    StorageError,
    TransientStorageError,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (InputError, 2),
        (ModelError, 2),
        (FileMissingError, 3),
        (DependencyError, 4),
        (StorageError, 5),
        (ConflictError, 5),
        (TransientStorageError, 75),
    ],
)
def test_exit_code_of_an_error(kind: type[SpatialCoreError], code: int) -> None:
    assert exit_of(kind("message")) == code


def test_every_code_is_explained_in_help() -> None:
    assert set(MEANING) == set(Exit)
    assert all(f"{int(code)} {text}" in epilog() for code, text in MEANING.items())
