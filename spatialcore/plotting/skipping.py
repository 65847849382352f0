"""Draw figures so that one that cannot be drawn does not affect the others."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from spatialcore.core.logging import get_logger
from spatialcore.errors import LabelColumnError, reason_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = get_logger(__name__)


def draw_or_skip(name: str, draw: "Callable[[], Figure | None]", skipped: dict[str, str]) -> "Figure | None":
    """Return a figure, or None if it cannot be drawn; the reason is logged and added to ``skipped``.

    The traceback is logged at the level debug.

    Parameters
    ----------
    name
        Name of the figure.
    draw
        Draws the figure; returns None if it has logged why there is none.
    skipped
        Reason by name of the figure; changed in place.

    Raises
    ------
    LabelColumnError
        A column that the caller named does not exist.
    """
    try:
        return draw()
    except LabelColumnError:
        raise
    except Exception as error:
        reason = reason_of(error)
        log.warning("the figure %s was not drawn: %s", name, reason)
        log.debug("traceback of the figure %s", name, exc_info=True)
        skipped[name] = reason
        return None
