"""Settings of a session."""

import logging
from collections.abc import Iterator

import pytest

import spatialcore
from spatialcore.core.settings import Settings
from spatialcore.errors import InputError


@pytest.fixture(autouse=True)
def _level_is_restored() -> Iterator[None]:
    logger = logging.getLogger("spatialcore")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.mark.parametrize(("value", "level"), [("debug", 10), ("info", 20), ("warning", 30), ("error", 40), (2, 20)])
def test_verbosity_sets_the_level_of_the_package(value: str, level: int) -> None:
    Settings().verbosity = value
    assert logging.getLogger("spatialcore").level == level


@pytest.mark.parametrize("value", ["loud", 4, -1, None])
def test_unknown_verbosity_is_an_error(value: object) -> None:
    with pytest.raises(InputError, match="verbosity is"):
        Settings().verbosity = value


def test_error_turns_progress_off() -> None:
    settings = Settings()
    assert settings.progress
    settings.verbosity = "error"
    assert not settings.progress
    settings.verbosity = "info"
    assert settings.progress
    settings.progress = False
    assert not settings.progress


def test_the_package_has_settings() -> None:
    assert isinstance(spatialcore.settings, Settings)
