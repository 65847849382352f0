"""Progress bars."""

import io
import sys
from types import SimpleNamespace

import pytest

from spatialcore.core import progress
from spatialcore.core.settings import settings


class Terminal(io.StringIO):
    """A replacement for stderr on a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Replace stderr in the test itself, because pytest replaces it between fixtures and test."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(settings, "_progress", True)
    return stream


def test_stages_are_named_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with progress.stage_bar(2) as start:
        start("references")
        start("training")
    lines = terminal.getvalue().replace("\n", "\r").split("\r")
    states = [line.split(" stages")[0] for line in lines if " stages" in line]
    assert {"references: 0/2", "training: 1/2"} <= set(states)
    assert states[-1] == "done: 2/2"


def test_loops_have_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    assert list(progress.track(["a", "b"], "reading references")) == ["a", "b"]
    assert "reading references" in terminal.getvalue()


def test_a_single_item_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    assert list(progress.track(["a"], "reading references")) == ["a"]
    assert terminal.getvalue() == ""


def test_bars_are_off_in_pipes_and_by_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    assert progress.draws_bars()
    monkeypatch.setattr(settings, "_progress", False)
    assert not progress.draws_bars()
    assert list(progress.track(["a", "b"], "title")) == ["a", "b"]
    assert terminal.getvalue() == ""
    monkeypatch.setattr(settings, "_progress", True)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not progress.draws_bars()


def test_notebooks_are_recognized(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: kernel))
    assert progress.in_notebook()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not progress.in_notebook()
