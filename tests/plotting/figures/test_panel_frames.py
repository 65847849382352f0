"""Panels within one axes."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from spatialcore.plotting import style
from spatialcore.plotting.confidence_axis import TOP_CENTER
from spatialcore.plotting.figures.panel_frames import panel_frames


def axes_of_matplotlib(
    figure: Figure, n_rows: int, n_cols: int, margins: style.Margins, gap: tuple[float, float]
) -> np.ndarray:
    """Return a grid of axes with these margins and gaps, in inches."""
    width, height = figure.get_size_inches()
    left, right = margins.left / width, 1 - margins.right / width
    bottom, top = margins.bottom / height, 1 - margins.top / height
    panel = ((right - left) * width - gap[0] * (n_cols - 1)) / n_cols
    panel_height = ((top - bottom) * height - gap[1] * (n_rows - 1)) / n_rows
    spacing = {"wspace": gap[0] / panel, "hspace": gap[1] / panel_height}
    edges = {"left": left, "right": right, "bottom": bottom, "top": top}
    return figure.subplots(n_rows, n_cols, squeeze=False, gridspec_kw=spacing | edges)


def test_panels_have_the_positions_of_separate_axes() -> None:
    figure = style.new_figure((9.0, 6.0), layout=None)
    margins, gap = style.Margins(0.5, 0.1, 0.4, 0.8), (0.3, 0.5)
    grid = axes_of_matplotlib(figure, 2, 3, margins, gap).ravel()
    for axes, frame in zip(grid, panel_frames(figure, (2, 3), margins, gap=gap), strict=True):
        box = axes.get_position()
        inches = [box.x0 * 9, box.y0 * 6, box.width * 9, box.height * 6]
        assert [frame.left, frame.bottom, frame.width, frame.height] == pytest.approx(inches)


def test_values_have_the_positions_of_a_separate_axis() -> None:
    from spatialcore.plotting.confidence_axis import set_up_confidence_axis

    figure = style.new_figure((4.0, 4.0), layout=None)
    frame = panel_frames(figure, (1, 1), style.Margins(1, 1, 1, 1), gap=(0, 0))[0].scaled(0.4, np.array([2.0]), 1.0)
    axes = figure.add_axes((0.25, 0.25, 0.5, 0.5))
    set_up_confidence_axis(axes, 0.4)
    confidence = np.array([0.4, 0.6, 0.95, TOP_CENTER])
    expected = axes.transData.transform(np.column_stack([confidence, np.zeros(4)]))[:, 0] / figure.dpi
    np.testing.assert_allclose(frame.x(confidence), expected)
    assert np.isnan(frame.x(np.array(0.39)))
    assert frame.y(np.array([frame.low, frame.high])).tolist() == [1.0, 3.0]
