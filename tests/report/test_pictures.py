"""Embedded figures of the report."""

import base64
from io import BytesIO

from PIL import Image

from spatialcore.plotting import style
from spatialcore.report.pictures import ALT, embed, embed_all


def test_a_figure_is_a_webp_data_uri() -> None:
    picture = embed(style.new_figure((4.0, 2.0)), "a figure")
    kind, data = picture.uri.split(";base64,")
    with Image.open(BytesIO(base64.b64decode(data))) as image:
        assert image.format == "WEBP"
        assert image.size == (picture.width, picture.height) == (440, 220)
    assert kind == "data:image/webp"
    assert picture.alt == "a figure"


def test_skipped_figures_are_omitted() -> None:
    pictures = embed_all({"composition": style.new_figure((2.0, 1.0)), "deg_heatmap": None})
    assert list(pictures) == ["composition"]
    assert pictures["composition"].alt == ALT["composition"]
