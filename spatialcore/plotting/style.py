"""Create, style and save figures. pyplot is not used, so no global state of matplotlib is changed."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatialcore.core.files import whole
from spatialcore.plotting.rendering import DPI, display_in_notebooks, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.cm import ScalarMappable
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.typing import ColorType
    from numpy.typing import ArrayLike

INK: Final = "#222222"
MUTED: Final = "#666666"
FAINT: Final = "#d9d9d9"
LOW: Final = "#d7301f"
HIGH: Final = "#2ca25f"
GOLD: Final = "#f0b400"

TINY: Final = 6.5
SMALL: Final = 8.0
NORMAL: Final = 9.5
LARGE: Final = 12.0
_EVEN_LUMINANCE: Final = 0.21  # white and INK have the same contrast (WCAG 2) on a colour of this luminance
_COMPRESS_LEVEL: Final = 1  # of 9; files are as large as at 4 and take half the time


class Margins(NamedTuple):
    """Inches between the edges of a figure and its axes."""

    left: float
    right: float
    bottom: float
    top: float


def new_figure(figsize: tuple[float, float], *, layout: Literal["constrained"] | None = "constrained") -> "Figure":
    """Return a white figure of this size (inches) that is not registered with pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=figsize, dpi=100, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    display_in_notebooks()
    return figure


def save_figure(figure: "Figure", path: str | Path | None) -> Path | None:
    """Write a figure atomically and return its path; without a path nothing is written."""
    if path is None:
        return None
    final = Path(path)
    kind = final.suffix.lstrip(".").lower() or "png"
    with whole(final) as part:
        if kind == "png":
            render(figure).save(part, format="PNG", dpi=(DPI, DPI), compress_level=_COMPRESS_LEVEL)
        else:
            _without_mathematics(figure)
            figure.savefig(part, dpi=DPI, format=kind)
    return final


def _without_mathematics(figure: "Figure") -> None:
    """Draw texts with dollar signs as they are: labels of references may contain them."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)


def save_with_table(figure: "Figure", table: "pd.DataFrame | None", path: str | Path | None) -> None:
    """Write a figure and, next to it as CSV, its table if there is one."""
    save_figure(figure, path)
    if path is not None and table is not None:
        save_table(table, Path(path).with_suffix(".csv"))


def set_title(figure: "Figure", title: str, note: str = "") -> None:
    """Add a title at the top left of a figure and a note below the axes."""
    is_fixed = figure.get_layout_engine() is None
    position = {"y": 1 - 0.12 / figure.get_figheight(), "va": "top"} if is_fixed else {}
    figure.suptitle(title, x=0.01, ha="left", fontsize=LARGE, fontweight="bold", color=INK, **position)
    if note and is_fixed:
        text = wrap(note, int(figure.get_figwidth() * 15))
        figure.text(0.01, 0.06 / figure.get_figheight(), text, va="bottom", fontsize=SMALL, color=MUTED)
    elif note:
        # constrained layout reserves space outside the axes for legends only: the note is the title of an empty one
        width = int(figure.get_figwidth() * 15)
        legend = figure.legend(handles=[], title=wrap(note, width), loc="outside lower left", frameon=False)
        legend.get_title().set(fontsize=SMALL, color=MUTED)


def axes_in_inches(figure: "Figure", *, top: float | None = None) -> "Axes":
    """Return axes without spines and ticks whose coordinates are inches from the lower left corner of the figure.

    Parameters
    ----------
    figure
        Figure of ``new_figure(size, layout=None)``.
    top
        Height of the axes. Default: that of the figure.
    """
    width, height = figure.get_size_inches()
    top = float(height) if top is None else top
    axes = figure.add_axes((0.0, 0.0, 1.0, top / height))
    hide_axes(axes)
    axes.set(xlim=(0, width), ylim=(0, top), autoscale_on=False)
    axes.patch.set_visible(False)
    return axes


def style_axes(axes: "Axes", *, grid: Literal["", "x", "y"] = "") -> None:
    """Hide the top and right spines and set the style of ticks; ``grid`` names an axis to draw grid lines for."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(labelsize=SMALL, colors=INK, length=2.5, color=MUTED)
    if grid:
        axes.grid(axis=grid, color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)


def draw_bars(
    axes: "Axes",
    sizes: "ArrayLike",
    *,
    color: "ColorType | Sequence[ColorType]",
    start: "ArrayLike" = 0.0,
    height: float = 0.75,
    label: str = "",
) -> None:
    """Draw horizontal bars in the rows 0, 1, ... as one collection; matplotlib's ``barh`` adds each bar by itself.

    Parameters
    ----------
    axes
        Axes whose x axis begins at 0.
    sizes, start
        Length and left end of each bar.
    color
        One colour, or one per bar.
    height
        Height of a bar; the rows are 1 apart.
    label
        Name in the legend.
    """
    from matplotlib.collections import PolyCollection

    lengths = np.asarray(sizes, dtype=np.float64)
    left = np.broadcast_to(np.asarray(start, dtype=np.float64), lengths.shape)
    low = np.arange(len(lengths)) - height / 2
    x = np.column_stack([left, left + lengths, left + lengths, left])
    y = np.column_stack([low, low, low + height, low + height])
    bars = PolyCollection(list(np.stack([x, y], axis=2)), facecolors=color, linewidths=0, label=label)
    axes.add_collection(bars)
    bars.sticky_edges.x.append(0.0)
    axes.autoscale_view()


def label_bars(axes: "Axes", sizes: "ArrayLike", texts: list[str]) -> None:
    """Write a text right of each bar of :func:`draw_bars`."""
    for row, (size, text) in enumerate(zip(np.asarray(sizes, dtype=np.float64), texts, strict=True)):
        label_at(axes, float(size), row, text)


def label_at(axes: "Axes", x: float, y: float, text: str) -> None:
    """Write a text right of a point."""
    axes.annotate(
        text,
        (x, y),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        color=INK,
        annotation_clip=False,
    )


def count_cells(axis: "Axis") -> None:
    """Label an axis in whole cells, with thousands separators."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins="auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    axis.set_major_formatter("{x:,.0f}")


def inks_on(colors: "ArrayLike") -> NDArray[np.str_]:
    """Return the colour of legible text on each of these colours: white or dark, whichever has more contrast.

    Parameters
    ----------
    colors
        Red, green and blue from 0 to 1 along the last axis; further channels are ignored.

    Examples
    --------
    >>> inks_on([[1.0, 1.0, 0.8], [0.0, 0.3, 0.1]]).tolist()
    ['#222222', '#ffffff']
    """
    rgb = np.asarray(colors, dtype=np.float64)[..., :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > _EVEN_LUMINANCE, INK, "#ffffff")


def hide_axes(axes: "Axes") -> None:
    """Hide spines and ticks."""
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])


def wrap(text: str, width: int = 32) -> str:
    """Wrap a label at spaces and hyphens; long words are not broken."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=True)) or text


def shorten(text: str, max_letters: int) -> str:
    """Return a text with at most so many letters, the middle left out.

    Examples
    --------
    >>> shorten("glutamatergic neuron", 12)
    'glutam…euron'
    """
    if len(text) <= max_letters:
        return text
    return f"{text[: max_letters // 2]}…{text[len(text) - (max_letters - 1) // 2 :]}"


def thousands(n: int | float) -> str:
    """Return a count with thousands separators."""
    return f"{int(n):,}"


def placeholder(text: str, *, figsize: tuple[float, float] = (8.0, 3.0), title: str = "") -> "Figure":
    """Return a figure with a text that explains why there is nothing to plot."""
    figure = new_figure(figsize)
    axes = figure.add_subplot()
    hide_axes(axes)
    axes.text(0.5, 0.5, wrap(text, 80), ha="center", va="center", fontsize=NORMAL, color=MUTED)
    if title:
        set_title(figure, title)
    return figure


def color_bar(
    figure: "Figure | SubFigure", mappable: "ScalarMappable", axes: "Axes | Sequence[Axes]", label: str, **options: Any
) -> "Colorbar":
    """Add a colour bar with a label."""
    bar = figure.colorbar(mappable, ax=axes, **{"shrink": 0.6, "aspect": 25, "pad": 0.015, **options})
    label_color_bar(bar, label)
    return bar


def label_color_bar(bar: "Colorbar", label: str) -> None:
    """Set the label of a colour bar and the style of its ticks."""
    bar.set_label(label, fontsize=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL, length=2)
    bar.outline.set_visible(False)


def save_table(table: "pd.DataFrame", path: str | Path | None) -> Path | None:
    """Write the table of a figure as CSV atomically and return its path; without a path nothing is written."""
    if path is None:
        return None
    final = Path(path)
    with whole(final) as part:
        table.to_csv(part, index=False)
    return final
