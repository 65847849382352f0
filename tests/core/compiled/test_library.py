"""A library that does not exist or has other functions is not used."""

import _ctypes
import ctypes
from pathlib import Path

import pytest

from spatialcore.core.compiled.library import load_library


def declare(loaded: ctypes.CDLL) -> None:
    loaded.no_such_function.restype = None


def test_without_a_library_nothing_is_loaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "text.so").write_text("not a library")
    assert load_library(tmp_path / "missing.so", declare) is None
    assert load_library(tmp_path / "text.so", declare) is None
    assert not caplog.records


def test_a_library_of_an_older_source_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", logger="spatialcore"):
        assert load_library(Path(_ctypes.__file__), declare) is None
    assert "was built from an older source and is not used" in caplog.text


def test_a_library_is_declared_once_loaded() -> None:
    calls: list[ctypes.CDLL] = []
    assert load_library(Path(_ctypes.__file__), calls.append) is calls[0]
