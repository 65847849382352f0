"""What all figures share: how they are made, saved and lettered. No pyplot, so no global state is touched."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from spatialcore.core.files import whole
from spatialcore.plotting.rendering import DPI, picture

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
_EFFORT: Final = 4  # of 9: without an alpha channel smaller than at the usual 6 with one, in 2/3 of the time


def new_figure(figsize: tuple[float, float], *, layout: Literal["constrained"] | None = "constrained") -> "Figure":
    """Return a white figure of exactly this size (inches) that no registry keeps alive."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=figsize, dpi=100, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: "Figure", path: str | Path | None) -> Path | None:
    """Write a figure beside its final name and rename it when whole; nothing is written without a path."""
    if path is None:
        return None
    final = Path(path)
    kind = final.suffix.lstrip(".").lower() or "png"
    with whole(final) as part:
        if kind == "png":
            picture(figure).save(part, format="PNG", dpi=(DPI, DPI), compress_level=_EFFORT)
        else:
            figure.savefig(part, dpi=DPI, format=kind)
    return final


def save_with_numbers(figure: "Figure", table: "pd.DataFrame | None", path: str | Path | None) -> None:
    """Write a figure and, beside it as CSV, the numbers behind it where there are any."""
    save_figure(figure, path)
    if path is not None and table is not None:
        save_table(table, Path(path).with_suffix(".csv"))


def set_title(figure: "Figure", title: str, note: str = "") -> None:
    """Put the title, and a quieter line below it, at the top left of a figure."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=LARGE, fontweight="bold", color=INK)
    if note:
        # A legend without entries is the one kind of text for which the layout makes room outside the axes.
        width = int(figure.get_figwidth() * 15)
        legend = figure.legend(handles=[], title=wrap(note, width), loc="outside lower left", frameon=False)
        legend.get_title().set(fontsize=SMALL, color=MUTED)


def tidy(axes: "Axes", *, grid: Literal["", "x", "y"] = "") -> None:
    """Leave only the two spines that carry ticks; ``grid`` may name an axis to rule faintly."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(labelsize=SMALL, colors=INK, length=2.5, color=MUTED)
    if grid:
        axes.grid(axis=grid, color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)


def label_bars(axes: "Axes", bars: Any, texts: list[str]) -> None:
    """Write a text behind the end of each horizontal bar."""
    axes.bar_label(bars, texts, padding=4, fontsize=SMALL, color=INK)


def bare(axes: "Axes") -> None:
    """Leave neither spine nor tick."""
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])


def wrap(text: str, width: int = 32) -> str:
    """Break a long label into lines at spaces; nothing is cut off."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=True)) or text


def thousands(n: int | float) -> str:
    """Write a count with separators."""
    return f"{int(n):,}"


def list_names(names: list[str], most: int = 12) -> str:
    """Write names in one line; beyond ``most`` say how many more there are."""
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def placeholder(text: str, *, figsize: tuple[float, float] = (8.0, 3.0), title: str = "") -> "Figure":
    """Return a figure that says why there is nothing to draw."""
    figure = new_figure(figsize)
    axes = figure.add_subplot()
    bare(axes)
    axes.text(0.5, 0.5, wrap(text, 80), ha="center", va="center", fontsize=NORMAL, color=MUTED)
    if title:
        set_title(figure, title)
    return figure


def color_bar(figure: "Figure", mappable: Any, axes: Any, label: str, **options: Any) -> Any:
    """Add a slim color bar with a label."""
    bar = figure.colorbar(mappable, ax=axes, **{"shrink": 0.6, "aspect": 25, "pad": 0.015, **options})
    bar.set_label(label, fontsize=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL, length=2)
    bar.outline.set_visible(False)
    return bar


def save_table(table: "pd.DataFrame", path: str | Path | None) -> Path | None:
    """Write the numbers behind a figure as CSV, renamed when whole."""
    if path is None:
        return None
    final = Path(path)
    with whole(final) as part:
        table.to_csv(part, index=False)
    return final
