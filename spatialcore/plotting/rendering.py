"""A figure as pixels, drawn once however many files are made of it."""

from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

DPI: Final = 150
_drawn: "WeakKeyDictionary[Figure, Image]" = WeakKeyDictionary()


def picture(figure: "Figure") -> "Image":
    """Return a figure as an RGB image of 150 pixels an inch.

    Drawing costs far more than the image does, and a run needs each figure as PNG and inside its report. So the image
    is kept as long as its figure lives and nothing in the figure changes, which matplotlib notes in ``figure.stale``.

    Examples
    --------
    >>> from spatialcore.plotting.style import new_figure
    >>> picture(new_figure((4.0, 2.0))).size
    (600, 300)
    """
    if figure.stale or figure not in _drawn:
        _drawn[figure] = _draw(figure)
        figure.stale = False  # setting the resolution back made it stale again
    return _drawn[figure]


def _draw(figure: "Figure") -> "Image":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    own, usual = figure.canvas, figure.dpi
    canvas: Any = FigureCanvasAgg(figure)  # matplotlib leaves its methods untyped
    try:
        figure.set_dpi(DPI)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    finally:
        figure.set_dpi(usual)
        figure.set_canvas(own)
