"""PNG files hold the pixels and the resolution of an image."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spatialcore.plotting.raster.png import write_png


def test_another_library_reads_the_same_pixels(tmp_path: Path, rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (37, 53, 3), dtype=np.uint8)
    write_png(Image.fromarray(pixels), tmp_path / "a.png", dpi=150)
    with Image.open(tmp_path / "a.png") as written:
        written.verify()
    with Image.open(tmp_path / "a.png") as written:
        assert written.mode == "RGB"
        assert written.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        np.testing.assert_array_equal(np.asarray(written), pixels)
