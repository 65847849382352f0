"""Figures are rendered once, and again only after a change."""

import gc
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from spatialcore.plotting import rendering, style
from spatialcore.report.pictures import embed


@pytest.fixture
def renderings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the renderings."""
    calls: list[int] = []
    draw = rendering._draw
    monkeypatch.setattr(rendering, "_draw", lambda figure: calls.append(1) or draw(figure))
    return calls


def figure_with_a_line(*, texts: bool = True) -> Figure:
    figure = style.new_figure((5.0, 2.5), layout="constrained" if texts else None)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1])
    if texts:
        style.set_title(figure, "A title", "a note below it")
    else:
        style.hide_axes(axes)
    return figure


def test_pixels_equal_those_of_savefig() -> None:
    expected = BytesIO()
    figure_with_a_line(texts=False).savefig(expected, dpi=rendering.DPI, format="png")
    image = rendering.render(figure_with_a_line(texts=False))
    assert np.array_equal(np.asarray(image), np.asarray(Image.open(expected).convert("RGB")))


def test_png_and_report_share_one_rendering(renderings: list[int], tmp_path: Path) -> None:
    figure = figure_with_a_line()
    style.save_figure(figure, tmp_path / "a.png")
    embedded = embed(figure, "a line")
    with Image.open(tmp_path / "a.png") as written:
        assert written.size == (750, 375)
        assert written.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    assert (embedded.width, embedded.height) == (550, 275)
    assert len(renderings) == 1


def test_a_changed_figure_is_rendered_again(renderings: list[int]) -> None:
    figure = figure_with_a_line()
    before = np.asarray(rendering.render(figure))
    figure.axes[0].set_xlim(0, 2)
    assert not np.array_equal(before, np.asarray(rendering.render(figure)))
    assert len(renderings) == 2


def test_the_figure_is_not_changed() -> None:
    figure = figure_with_a_line()
    canvas = figure.canvas
    rendering.render(figure)
    assert figure.canvas is canvas
    assert figure.dpi == 100


def test_a_notebook_displays_figures_without_pyplot() -> None:
    """A terminal shows the text representation of a figure, a notebook its picture."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.config["IPKernelApp"] = type(shell.config)()
    try:
        data, metadata = shell.display_formatter.format(style.new_figure((4.0, 2.0)))
        assert data["image/png"].startswith(b"\x89PNG")
        assert metadata["image/png"] == {"width": 400}
        other = shell.display_formatter.formatters["image/png"].for_type(Figure, lambda figure: b"another")
        assert other is not None
        assert shell.display_formatter.format(style.new_figure((4.0, 2.0)))[0]["image/png"] == b"another"
    finally:
        InteractiveShell.clear_instance()
    style.new_figure((4.0, 2.0))  # without a shell nothing is registered


def _fail_without_collector() -> None:
    with rendering.collection_paused():
        assert not gc.isenabled()
        raise ValueError("in between")


def test_the_garbage_collector_continues_after_an_error() -> None:
    assert gc.isenabled()
    with pytest.raises(ValueError, match="in between"):
        _fail_without_collector()
    assert gc.isenabled()


def test_a_garbage_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        with rendering.collection_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
