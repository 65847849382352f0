"""One drawing serves every file, until the figure changes."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from spatialcore.plotting import rendering, style
from spatialcore.report.pictures import embed


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often a figure is really drawn."""
    made: list[int] = []
    draw = rendering._draw
    monkeypatch.setattr(rendering, "_draw", lambda figure: made.append(1) or draw(figure))
    return made


def figure_with_a_line() -> Figure:
    figure = style.new_figure((5.0, 2.5))
    figure.add_subplot().plot([0, 1], [0, 1])
    style.set_title(figure, "A title", "a note below it")
    return figure


def test_the_pixels_are_those_of_savefig() -> None:
    stock = BytesIO()
    figure_with_a_line().savefig(stock, dpi=rendering.DPI, format="png")
    mine = rendering.picture(figure_with_a_line())
    assert np.array_equal(np.asarray(mine), np.asarray(Image.open(stock).convert("RGB")))


def test_a_png_and_the_report_share_one_drawing(drawings: list[int], tmp_path: Path) -> None:
    figure = figure_with_a_line()
    style.save_figure(figure, tmp_path / "a.png")
    page = embed(figure, "a line")
    with Image.open(tmp_path / "a.png") as written:
        assert written.size == (750, 375)
        assert written.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    assert (page.width, page.height) == (550, 275)
    assert len(drawings) == 1


def test_a_figure_that_was_changed_is_drawn_again(drawings: list[int]) -> None:
    figure = figure_with_a_line()
    before = np.asarray(rendering.picture(figure))
    figure.axes[0].set_xlim(0, 2)
    assert not np.array_equal(before, np.asarray(rendering.picture(figure)))
    assert len(drawings) == 2


def test_a_figure_is_left_as_it_was() -> None:
    figure = figure_with_a_line()
    canvas = figure.canvas
    rendering.picture(figure)
    assert figure.canvas is canvas
    assert figure.dpi == 100


@pytest.mark.parametrize("ending", ["pdf", "svg"])
def test_other_formats_are_written_by_matplotlib(tmp_path: Path, ending: str) -> None:
    written = style.save_figure(figure_with_a_line(), tmp_path / f"a.{ending}")
    assert written is not None
    assert written.read_bytes()[:5] in (b"%PDF-", b"<?xml")
