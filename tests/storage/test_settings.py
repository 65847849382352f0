"""Storage settings and their environment variables."""

from dataclasses import fields

import pytest

from spatialcore.storage.settings import PREFIX, StorageSettings


def test_environment_overrides_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, field in enumerate(fields(StorageSettings), 1):
        monkeypatch.setenv(PREFIX + field.name.upper(), str(number))
    settings = StorageSettings.from_environment()
    assert [getattr(settings, field.name) for field in fields(settings)] == list(range(1, len(fields(settings)) + 1))
    assert [type(getattr(settings, field.name)) for field in fields(settings)] == [
        type(field.default) for field in fields(settings)
    ]


def test_empty_variable_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "")
    assert StorageSettings.from_environment().attempts == 7
