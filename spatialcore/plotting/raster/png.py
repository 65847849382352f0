"""Write images of figures as PNG without line filters, which do not make them smaller and take most of the time."""

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_EIGHT_BIT_RGB: Final = (8, 2, 0, 0, 0)  # bits per channel, colour type, compression, filter method, no interlace
_LEVEL: Final = 3  # of 9; lower levels take as long
_INCH: Final = 0.0254  # metres


def write_png(image: "Image", path: str | Path, *, dpi: float) -> None:
    """Write an RGB image as PNG.

    Parameters
    ----------
    image
        The image, mode RGB.
    path
        The file, overwritten if it exists.
    dpi
        Pixels per inch.

    Examples
    --------
    >>> from PIL import Image
    >>> write_png(Image.new("RGB", (3, 2), "red"), "red.png", dpi=150)
    >>> Image.open("red.png").getpixel((2, 1))
    (255, 0, 0)
    """
    pixels = np.asarray(image)
    rows = np.zeros((image.height, 1 + 3 * image.width), dtype=np.uint8)  # the first byte of a row: no filter
    rows[:, 1:] = pixels.reshape(image.height, -1)
    resolution = round(dpi / _INCH)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", image.width, image.height, *_EIGHT_BIT_RGB)),
        (b"pHYs", struct.pack(">IIB", resolution, resolution, 1)),
        (b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)),
        (b"IEND", b""),
    )
    Path(path).write_bytes(_SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
