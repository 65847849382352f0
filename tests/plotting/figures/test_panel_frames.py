"""Panels within one axes."""

import numpy as np
import pytest

from spatialcore.plotting import style
from spatialcore.plotting.confidence_axis import TOP_CENTER
from spatialcore.plotting.figures.panel_frames import panel_frames


def test_panels_lie_where_axes_of_their_own_would() -> None:
    figure = style.new_figure((9.0, 6.0), layout=None)
    margins, gap = style.Margins(0.5, 0.1, 0.4, 0.8), (0.3, 0.5)
    grid = style.panels(figure, 2, 3, margins, gap=gap).ravel()
    for axes, frame in zip(grid, panel_frames(figure, (2, 3), margins, gap=gap), strict=True):
        box = axes.get_position()
        inches = [box.x0 * 9, box.y0 * 6, box.width * 9, box.height * 6]
        assert [frame.left, frame.bottom, frame.width, frame.height] == pytest.approx(inches)


def test_values_lie_where_an_axis_of_its_own_would_put_them() -> None:
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
