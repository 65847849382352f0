"""Draw the picture of the README from the annotated section of the demo: map, confidence, differential genes.

Usage: python tools/make_result_picture.py demo/pancreas_section/annotated.h5ad docs/img/result.png
"""

import argparse
from io import BytesIO
from pathlib import Path

import anndata as ad
from matplotlib.figure import Figure
from PIL import Image

from spatialcore import columns
from spatialcore.plotting import plot_celltype_confidence, plot_deg_heatmap
from spatialcore.plotting.figures.celltype_map import plot_celltype_map

WIDTH, GAP, COLORS = 1600, 24, 256
MAP_WIDTH = 960


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("annotated", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    page = picture(ad.read_h5ad(options.annotated))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    page.quantize(COLORS).save(options.output, optimize=True)


def picture(adata: ad.AnnData) -> Image.Image:
    """Return a picture of the map, the confidence per type to its right, and the differential genes below."""
    tissue = _image(plot_celltype_map(adata), MAP_WIDTH)
    right = WIDTH - MAP_WIDTH - GAP
    rows = adata.copy()
    del rows.obsm[columns.SPATIAL]
    size = (6.6, 6.6 * tissue.height / right)
    confidence = _image(
        plot_celltype_confidence(rows, columns.PREDICTED, columns.CONFIDENCE, figsize=size, max_cell_types=12), right
    )
    genes = _image(plot_deg_heatmap(adata, columns.CELL_TYPE, n_genes=6), WIDTH)
    page = Image.new("RGB", (WIDTH, tissue.height + GAP + genes.height), "white")
    page.paste(tissue, (0, 0))
    page.paste(confidence, (MAP_WIDTH + GAP, 0))
    page.paste(genes, (0, tissue.height + GAP))
    return page


def _image(figure: Figure, width: int) -> Image.Image:
    buffer = BytesIO()
    figure.savefig(buffer, dpi=170, format="png")
    image = Image.open(buffer).convert("RGB")
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
