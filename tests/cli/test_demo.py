"""spatialcore demo: the workflow on the demo's section, and the picture of the README."""

from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from PIL import Image

from tests.cli.workplace import ROOT, Command, json_output
from tests.tools import load_tool

PICTURE = ROOT / "docs" / "img" / "result.png"
WIDTH = 200
STALE = 6.0  # mean difference, of 255; differences of fonts and matplotlib versions are smaller


@pytest.mark.slow
def test_most_calls_are_correct_and_the_picture_is_up_to_date(spatialcore: Command, tmp_path: Path) -> None:
    """If the picture is out of date, run ``make picture``, check the result and commit it."""
    accuracy = json_output(spatialcore, "demo", "-o", tmp_path)["known"]
    assert accuracy["cells"] == 3000
    assert accuracy["share_kept"] > 0.8
    assert accuracy["kept"] > accuracy["all"] > 0.9
    page = load_tool("make_result_picture").picture(ad.read_h5ad(tmp_path / "pancreas_section" / "annotated.h5ad"))
    with Image.open(PICTURE) as committed:
        assert abs(committed.height - page.height) < 0.03 * page.height
        assert difference(committed, page) < STALE
        assert difference(committed, page.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) > 2 * STALE


def test_every_third_of_the_picture_has_content() -> None:
    with Image.open(PICTURE) as committed:
        ink = np.asarray(committed.convert("L")) < 245
    for part in [*np.array_split(ink, 3, axis=0), *np.array_split(ink, 3, axis=1)]:
        assert part.mean() > 0.02


def difference(image: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference of two images at a small size, 0 to 255."""
    size = (WIDTH, WIDTH * image.height // image.width)
    one, two = (np.asarray(each.convert("L").resize(size, Image.Resampling.BOX), np.float64) for each in (image, other))
    return float(np.abs(one - two).mean())
