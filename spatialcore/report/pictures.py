"""Figures as images inside the page."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from spatialcore.plotting import rendering
from spatialcore.plotting.rendering import picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI: Final = 110
QUALITY: Final = 88
EFFORT: Final = 2  # of 6: half the time of the usual 4, for files 2 % larger
ALT: Final = {
    "celltype_map": "Map of the tissue, every cell coloured by its type",
    "composition": "Bars: number of cells of each type, and of cells without a call by reason",
    "confidence": "Map of the confidence, and confidence of the calls by cell type",
    "2d_validation": "Confidence against marker score for each cell type",
    "marker_separation": "Matrix: how well each set of markers separates each cell type",
    "deg_heatmap": "Heat map of the differential genes of each cell type",
    "calibration": "Accuracy against confidence on held-out cells",
    "confusable_pairs": "Bars: pairs of types that the panel confuses",
    "reference_composition": "Bars: training cells by type and source, before and after balancing",
    "gene_coverage": "Bars: panel genes covered by each reference and by the model",
    "ontology_mapping": "Table: reference labels and the Cell Ontology terms they became",
}


@dataclass(frozen=True)
class Picture:
    """One image: its data URI, its text for those who cannot see it, its size in pixels."""

    uri: str
    alt: str
    width: int
    height: int


def embedded(figures: Mapping[str, "Figure | None"]) -> dict[str, Picture]:
    """Return every figure that was drawn as an image inside the page."""
    return {name: embed(figure, ALT.get(name, name)) for name, figure in figures.items() if figure is not None}


def embed(figure: "Figure", alt: str) -> Picture:
    """Return one figure as a WebP data URI."""
    from PIL import Image

    drawn = picture(figure)
    size = (round(drawn.width * DPI / rendering.DPI), round(drawn.height * DPI / rendering.DPI))
    image = drawn.resize(size, Image.Resampling.LANCZOS)
    packed = BytesIO()
    image.save(packed, format="WEBP", quality=QUALITY, method=EFFORT)
    text = base64.b64encode(packed.getvalue()).decode()
    return Picture(f"data:image/webp;base64,{text}", alt, image.width, image.height)
