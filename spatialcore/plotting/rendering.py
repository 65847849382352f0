"""Render figures as images; each figure is rendered once for all files that contain it."""

from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

DPI: Final = 150
_rendered: "WeakKeyDictionary[Figure, Image]" = WeakKeyDictionary()


def render(figure: "Figure") -> "Image":
    """Return a figure as an RGB image with 150 pixels per inch.

    Rendering is slow, and a run needs each figure as PNG and in its report. The image is therefore cached until the
    figure changes (``figure.stale``) or is garbage collected.

    Examples
    --------
    >>> from spatialcore.plotting.style import new_figure
    >>> render(new_figure((4.0, 2.0))).size
    (600, 300)
    """
    if figure.stale or figure not in _rendered:
        _rendered[figure] = _draw(figure)
        figure.stale = False  # restoring the resolution marked it stale
    return _rendered[figure]


def _draw(figure: "Figure") -> "Image":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    previous_canvas, previous_dpi = figure.canvas, figure.dpi
    canvas: Any = FigureCanvasAgg(figure)  # untyped in matplotlib
    try:
        figure.set_dpi(DPI)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    finally:
        figure.set_dpi(previous_dpi)
        figure.set_canvas(previous_canvas)
