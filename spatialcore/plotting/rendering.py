"""Render figures as images; each figure is rendered once for all files that contain it."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from spatialcore.core.progress import in_notebook

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


@contextmanager
def collection_paused() -> Iterator[None]:
    """Make no search for garbage in cycles; it continues afterwards, unless it was off before.

    Each search visits all objects of the process. Code that makes many objects and keeps them, as matplotlib does for a
    figure, starts searches that find nothing.

    Examples
    --------
    >>> with collection_paused():
    ...     gc.isenabled()
    False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def display_in_notebooks() -> None:
    """Let notebooks display figures, as they do after ``%matplotlib inline``; elsewhere this has no effect."""
    if not in_notebook():
        return
    from matplotlib.figure import Figure

    formatter = sys.modules["IPython"].get_ipython().display_formatter.formatters["image/png"]
    try:
        formatter.lookup_by_type(Figure)
    except KeyError:  # no formatter yet: pyplot was not imported
        formatter.for_type(Figure, _png)


def _png(figure: "Figure") -> tuple[bytes, dict[str, int]]:
    """Return a figure as PNG, and its width on the page: 100 pixels per inch."""
    stream, image = BytesIO(), render(figure)
    image.save(stream, format="PNG")
    return stream.getvalue(), {"width": round(image.width * 100 / DPI)}


def _draw(figure: "Figure") -> "Image":
    from PIL import Image

    from spatialcore.plotting.raster.texts import PlainTextCanvas

    previous_canvas, previous_dpi = figure.canvas, figure.dpi
    canvas: Any = PlainTextCanvas(figure)  # untyped in matplotlib
    try:
        figure.set_dpi(DPI)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    finally:
        figure.set_dpi(previous_dpi)
        figure.set_canvas(previous_canvas)
