"""Draw figures so that one that cannot be drawn does not affect the others."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from spatialcore.core.logging import get_logger
from spatialcore.errors import LabelColumnError, SpatialCoreError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = get_logger(__name__)


def draw_or_skip(name: str, draw: "Callable[[], Figure | None]", skipped: dict[str, str]) -> "Figure | None":
    """Return a figure, or None if it cannot be drawn; the reason is logged and added to ``skipped``.

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
        is_expected = isinstance(error, SpatialCoreError)
        reason = error.message if isinstance(error, SpatialCoreError) else f"{type(error).__name__}: {error}"
        log.warning("the figure %s was not drawn: %s", name, reason, exc_info=not is_expected)
        skipped[name] = reason
        return None
