"""Draw the texts of figures in one call each; matplotlib 3.11 shapes and renders every glyph of a text separately."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.font_manager import findfont
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

# Latin letters and signs that DejaVu has and that need no shaping
_PLAIN: Final = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0x180)))) | frozenset("–—‘’“”…≥≤≠→←×·−")


class PlainText(NamedTuple):
    """Coverage of the pixels of a text (0 to 255), its left and top edge from the origin of the baseline, its width."""

    pixels: NDArray[np.uint8]
    left: int
    top: int
    width: float


class PlainTextRenderer(RendererAgg):
    """The renderer of matplotlib; plain horizontal and vertical texts are drawn by Pillow.

    Dollar signs are drawn as they are: matplotlib would typeset the text between two of them as mathematics, and labels
    of references may contain them.
    """

    def get_text_width_height_descent(self, s: str, prop: "FontProperties", ismath: Any) -> tuple[float, float, float]:
        """Return width, height and descent of a text in pixels."""
        if not _is_plain(s):
            size: tuple[float, float, float] = super().get_text_width_height_descent(s, prop, False)  # type: ignore[no-untyped-call]
            return size
        text = self._render(s, prop)
        height = len(text.pixels)
        return max(text.width, text.left + text.pixels.shape[1]), height, text.top + height

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: "FontProperties",
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """Draw a text at the origin of its baseline, in pixels."""
        if angle not in (0, 90) or not _is_plain(s):
            super().draw_text(gc, x, y, s, prop, angle, False, mtext)  # type: ignore[no-untyped-call]
            return
        pixels, left, top, _ = self._render(s, prop)
        if not pixels.size:
            return
        if angle == 90:
            position, pixels = (round(x) + top, round(y) - left), np.ascontiguousarray(np.rot90(pixels))
        else:
            position = (round(x) + left, round(y) + top + len(pixels))
        self._renderer.draw_text_image(pixels, *position, 0, gc)

    def _render(self, text: str, prop: "FontProperties") -> PlainText:
        return _render(text, findfont(prop), prop.get_size_in_points() * self.dpi / 72)


class PlainTextCanvas(FigureCanvasAgg):
    """Canvas of :class:`PlainTextRenderer`."""

    def get_renderer(self) -> PlainTextRenderer:
        """Return a new renderer of the size of the figure."""
        return PlainTextRenderer(*self.figure.bbox.size, self.figure.dpi)  # type: ignore[no-untyped-call]


def _is_plain(text: str) -> bool:
    return _PLAIN.issuperset(text)


@lru_cache(maxsize=2_000)
def _render(text: str, font_path: str, size: float) -> PlainText:
    font = _font(font_path, size)
    mask, (left, top) = font.getmask2(text, mode="L", anchor="ls")
    columns, rows = mask.size
    pixels = np.array(mask, dtype=np.uint8).reshape(rows, columns)
    return PlainText(pixels, int(left), int(top), font.getlength(text))


@lru_cache(maxsize=32)
def _font(path: str, size: float) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
