"""Names of the types above the columns of their genes."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from spatialcore.plotting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LETTER: Final = 0.052  # mean width in inches
_MAX_LINES: Final = 3
_TURNED_LETTERS: Final = 30


def name_gene_groups(axes: "Axes", types: Sequence[str], column_inches: float) -> None:
    """Draw a bracket with the name above the consecutive columns of each type.

    Parameters
    ----------
    axes
        Axes with one column per gene, at 0, 1, 2 and so on.
    types
        The type of each column.
    column_inches
        Width of a column. Names that do not fit their columns are turned upright.
    """
    from matplotlib.transforms import ScaledTranslation

    runs = list(group_runs(types))
    widths = [max(int((last - first + 1) * column_inches / _LETTER), 1) for first, last, _ in runs]
    wrapped = [style.wrap(name, width) for (_, _, name), width in zip(runs, widths, strict=True)]
    fits = all(_fits(text, width) for text, width in zip(wrapped, widths, strict=True))
    above = axes.get_xaxis_transform() + ScaledTranslation(0, 3 / 72, axes.figure.dpi_scale_trans)
    text: dict[str, Any] = {"fontsize": style.TINY, "color": style.INK, "rotation": 0 if fits else 90}
    for (first, last, name), label in zip(runs, wrapped, strict=True):
        axes.plot([first - 0.4, last + 0.4], [1, 1], transform=above, color=style.INK, linewidth=0.8, clip_on=False)
        label = label if fits else style.wrap(style.shorten(name, 2 * _TURNED_LETTERS), _TURNED_LETTERS)
        axes.annotate(
            label,
            ((first + last) / 2, 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            va="bottom",
            annotation_clip=False,
            **text,
        )


def group_runs(types: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield first and last column and type of each run of columns of one type.

    Examples
    --------
    >>> list(group_runs(["B cell", "B cell", "T cell"]))
    [(0, 1, 'B cell'), (2, 2, 'T cell')]
    """
    first = 0
    for column in range(1, len(types) + 1):
        if column == len(types) or types[column] != types[first]:
            yield first, column - 1, str(types[first])
            first = column


def _fits(text: str, width: int) -> bool:
    lines = text.split("\n")
    return len(lines) <= _MAX_LINES and max(map(len, lines)) <= width
