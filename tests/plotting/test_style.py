"""Figures, texts and files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps, rc_context
from matplotlib.colors import to_rgb

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


@pytest.mark.parametrize("cmap", ["PRGn", "Greys", "viridis"])
def test_text_on_a_color_is_legible(cmap: str) -> None:
    backgrounds = colormaps[cmap](np.linspace(0, 1, 50))[:, :3]
    contrasts = [
        contrast(to_rgb(ink), tuple(color)) for ink, color in zip(style.inks_on(backgrounds), backgrounds, strict=True)
    ]
    assert min(contrasts) > 3.9


def contrast(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Return the contrast ratio of two colours (WCAG 2)."""
    values = [
        sum(
            weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
            for weight, part in zip((0.2126, 0.7152, 0.0722), color, strict=True)
        )
        for color in (a, b)
    ]
    return (max(values) + 0.05) / (min(values) + 0.05)


def test_svg_has_dollar_signs_as_they_are(tmp_path: Path) -> None:
    figure = style.placeholder("class $x_1$ of Smith")
    with rc_context({"svg.fonttype": "none"}):
        path = style.save_figure(figure, tmp_path / "a.svg")
    assert path is not None
    assert "$x_1$" in path.read_text()
