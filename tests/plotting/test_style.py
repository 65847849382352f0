"""Figures, texts and files."""

from pathlib import Path

import pandas as pd
import pytest

from spatialcore.plotting import style
from tests.plotting.tissues import texts


def test_wrap_does_not_split_words() -> None:
    assert style.wrap("one two three", 7) == "one two\nthree"
    assert style.wrap("pneumonoultramicroscopic", 5) == "pneumonoultramicroscopic"
    assert style.wrap("") == ""


def test_figure_and_table_are_written(tmp_path: Path) -> None:
    figure = style.placeholder("nothing to plot", title="Title")
    style.save_with_table(figure, pd.DataFrame({"a": [1]}), tmp_path / "x.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.png"]
    assert "nothing to plot" in texts(figure)
    style.save_with_table(figure, None, tmp_path / "y.png")
    assert not (tmp_path / "y.csv").exists()
    assert style.save_figure(figure, None) is style.save_table(pd.DataFrame(), None) is None


@pytest.mark.parametrize("suffix", ["pdf", "svg"])
def test_other_formats_are_written_by_matplotlib(tmp_path: Path, suffix: str) -> None:
    path = style.save_figure(style.placeholder("text"), tmp_path / f"a.{suffix}")
    assert path is not None
    assert path.read_bytes()[:5] in (b"%PDF-", b"<?xml")


def test_axes_styles() -> None:
    axes = style.new_figure((3, 2)).add_subplot()
    style.style_axes(axes)
    assert [axes.spines[side].get_visible() for side in ("left", "right")] == [True, False]
    style.hide_axes(axes)
    assert not axes.spines["left"].get_visible()
    assert axes.get_xticks().size == 0
