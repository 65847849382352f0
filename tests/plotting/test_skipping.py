"""Figures that cannot be drawn."""

import pytest

from spatialcore.errors import InputError, LabelColumnError
from spatialcore.plotting import style
from spatialcore.plotting.skipping import draw_or_skip


def fail(error: Exception) -> None:
    raise error


def test_a_figure_that_fails_is_skipped_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    skipped: dict[str, str] = {}
    assert draw_or_skip("map", lambda: fail(KeyError("x")), skipped) is None
    assert draw_or_skip("bars", lambda: fail(InputError("no bars", hint="none")), skipped) is None
    assert skipped == {"map": "KeyError: 'x'", "bars": "no bars"}
    assert "the figure map was not drawn" in caplog.text


def test_a_failure_is_one_line_and_its_traceback_is_logged_at_debug_level(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "spatialcore"):
        draw_or_skip("map", lambda: fail(ValueError("too few\nsecond line")), {})
    warning, details = caplog.records
    assert (warning.levelname, warning.getMessage()) == (
        "WARNING",
        "the figure map was not drawn: ValueError: too few",
    )
    assert warning.exc_info is None
    assert (details.levelname, details.exc_info is None) == ("DEBUG", False)


def test_a_figure_that_is_drawn_is_returned() -> None:
    figure, skipped = style.new_figure((1, 1)), {}
    assert draw_or_skip("map", lambda: figure, skipped) is figure
    assert skipped == {}


def test_a_column_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(LabelColumnError):
        draw_or_skip("map", lambda: fail(LabelColumnError("no obs['x']")), {})
