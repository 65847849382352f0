"""Create the figure of the README from annotated data: map, composition, confidence.

Usage: python tools/make_result_picture.py results/xenium_breast/annotated.h5ad docs/img/result.png
"""

import argparse
from io import BytesIO
from pathlib import Path

import anndata as ad
from matplotlib.figure import Figure
from PIL import Image

from spatialcore import columns
from spatialcore.plotting import plot_celltype_confidence
from spatialcore.plotting.figures.celltype_map import plot_celltype_map
from spatialcore.plotting.figures.composition import plot_composition

WIDTH, GAP, COLORS = 1500, 20, 160


def main() -> None:
    """Draw three figures on one page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("annotated", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    adata = ad.read_h5ad(options.annotated)
    tissue = _image(plot_celltype_map(adata), WIDTH * 11 // 20)
    composition = _image(plot_composition(adata), WIDTH - tissue.width - GAP)
    confidence = _image(plot_celltype_confidence(adata, columns.PREDICTED, columns.CONFIDENCE), WIDTH)
    top = max(tissue.height, composition.height)
    page = Image.new("RGB", (WIDTH, top + GAP + confidence.height), "white")
    page.paste(tissue, (0, 0))
    page.paste(composition, (tissue.width + GAP, 0))
    page.paste(confidence, (0, top + GAP))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    page.quantize(COLORS).save(options.output, optimize=True)


def _image(figure: Figure, width: int) -> Image.Image:
    buffer = BytesIO()
    figure.savefig(buffer, dpi=150, format="png")
    image = Image.open(buffer).convert("RGB")
    return image.resize((width, image.height * width // image.width), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
