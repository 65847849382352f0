"""Texts drawn with Pillow have the size and position of those drawn by matplotlib."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from numpy.typing import NDArray

from spatialcore.plotting.raster.texts import PlainTextCanvas, PlainTextRenderer

Canvas = Callable[[Figure], FigureCanvasAgg]


def drawn(canvas: Canvas, text: str, rotation: float) -> NDArray[np.uint8]:
    """Return the darkness of the pixels of a figure with one text."""
    figure = Figure((4.0, 4.0), dpi=150)
    figure.text(0.5, 0.5, text, rotation=rotation, ha="center", va="center", fontsize=9)
    drawing = canvas(figure)
    drawing.draw()
    return 255 - np.asarray(drawing.buffer_rgba())[:, :, 0]


@pytest.mark.parametrize("rotation", [0, 90, 30])
@pytest.mark.parametrize(
    "text", ["alveolar type 2 cell", "GENE1  12.5 %", "T cell, CD4⁺ αβ", "≥0.999", "β₂", "two\nlines"]
)
def test_a_text_covers_the_same_box(text: str, rotation: float) -> None:
    expected, actual = (drawn(canvas, text, rotation) for canvas in (FigureCanvasAgg, PlainTextCanvas))
    assert float(actual.sum()) == pytest.approx(float(expected.sum()), rel=0.12)
    for axis in (0, 1):
        edges = [np.flatnonzero(pixels.max(axis=axis) > 60)[[0, -1]] for pixels in (expected, actual)]
        np.testing.assert_allclose(edges[0], edges[1], atol=3)


def test_a_text_that_is_not_plain_is_drawn_by_matplotlib() -> None:
    for text in ("αβ T cell", "細胞"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("spatialcore.plotting.raster.texts._render", None)  # is not called
            if text != "細胞":  # not in matplotlib's font, which causes a warning
                assert drawn(PlainTextCanvas, text, 0).any()


@pytest.mark.parametrize("text", ["class $x_1$ of Smith", "$x^2$", "α$β$ T cell"])
def test_dollar_signs_are_not_mathematics(text: str) -> None:
    is_math = Figure().text(0, 0, text).get_parse_math()
    assert is_math  # otherwise this test proves nothing
    figure = Figure((4.0, 4.0), dpi=150)
    figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=9, parse_math=False)
    literal = FigureCanvasAgg(figure)
    literal.draw()
    expected = 255 - np.asarray(literal.buffer_rgba())[:, :, 0]
    assert float(drawn(PlainTextCanvas, text, 0).sum()) == pytest.approx(float(expected.sum()), rel=0.12)


def test_width_height_and_descent() -> None:
    font = FontProperties(size=12)
    expected = RendererAgg(300, 300, 150).get_text_width_height_descent("gene expression", font, False)
    actual = PlainTextRenderer(300, 300, 150).get_text_width_height_descent("gene expression", font, False)
    assert actual == pytest.approx(expected, abs=2)
