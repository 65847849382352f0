"""Embed figures in the report as WebP images."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from spatialcore.plotting import rendering
from spatialcore.plotting.rendering import render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI: Final = 110
QUALITY: Final = 88
EFFORT: Final = 0  # of 6; half the time of 2, files 14 % larger
ALT: Final = {
    "celltype_map": "Map of the tissue with cells coloured by type",
    "composition": "Bar chart: cells per type, and cells without a call by reason",
    "levels": "Bar chart: cells per type at three levels of the Cell Ontology",
    "spill_over": "Map of the foreign share, its mean per type, and the types that these counts came from",
    "confidence": "Map of the confidence, and confidence per cell type",
    "2d_validation": "Confidence against marker score for each cell type",
    "marker_separation": "Matrix: AUC of each marker set for each cell type",
    "deg_heatmap": "Heat map of the differential genes of each cell type",
    "calibration": "Accuracy against confidence on held-out cells",
    "confusable_pairs": "Bar chart: pairs of types that the model confuses",
    "reference_composition": "Bar chart: training cells by type and source, before and after balancing",
    "gene_coverage": "Bar chart: panel genes in each reference and in the model",
    "ontology_mapping": "Table: reference labels and their Cell Ontology terms",
}


@dataclass(frozen=True)
class Picture:
    """An embedded image: data URI, alternative text, width and height in pixels."""

    uri: str
    alt: str
    width: int
    height: int


def alt(name: str) -> str:
    """Return the description of a figure."""
    return ALT.get(name, name)


def embed_all(figures: Mapping[str, "Figure | None"]) -> dict[str, Picture]:
    """Return the embedded images of the figures by name; figures that were skipped (None) are omitted."""
    return {name: embed(figure, alt(name)) for name, figure in figures.items() if figure is not None}


def embed(figure: "Figure", description: str) -> Picture:
    """Return one figure as a WebP data URI."""
    from PIL import Image

    rendered = render(figure)
    size = (round(rendered.width * DPI / rendering.DPI), round(rendered.height * DPI / rendering.DPI))
    image = rendered.resize(size, Image.Resampling.HAMMING)
    buffer = BytesIO()
    image.save(buffer, format="WEBP", quality=QUALITY, method=EFFORT)
    text = base64.b64encode(buffer.getvalue()).decode()
    return Picture(f"data:image/webp;base64,{text}", description, image.width, image.height)
