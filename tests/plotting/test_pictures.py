"""Figures are compared with reference thumbnails in ``pictures``.

After an intended change, check the figures and write new thumbnails:

    SPATIALCORE_NEW_PICTURES=1 pytest tests/plotting/test_pictures.py
"""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest
from PIL import Image

from spatialcore import columns
from spatialcore.plotting import plot_celltype_confidence, plot_deg_heatmap
from spatialcore.plotting.figures.calibration import plot_calibration
from spatialcore.plotting.figures.celltype_map import plot_celltype_map
from spatialcore.plotting.figures.composition import plot_composition
from spatialcore.plotting.figures.confusions import plot_confusable_pairs
from spatialcore.plotting.figures.marker_separation import plot_marker_separation
from tests.plotting.tissues import MARKERS, annotated

PICTURES = Path(__file__).parent / "pictures"
WIDTH = 160
MEAN_DIFFERENCE = (
    3.0  # of 255; fonts and matplotlib versions cause smaller differences, missing or moved parts larger ones
)
SETS = {name: list(genes) for name, genes in MARKERS.items()}
FIGURES: dict[str, Callable[[ad.AnnData], Any]] = {
    "celltype_map": plot_celltype_map,
    "composition": plot_composition,
    "confidence": lambda adata: plot_celltype_confidence(adata, columns.PREDICTED, columns.CONFIDENCE),
    "deg_heatmap": lambda adata: plot_deg_heatmap(adata, columns.PREDICTED, 3),
    "calibration": lambda adata: plot_calibration(adata, 0.8),
    "confusable_pairs": plot_confusable_pairs,
    "marker_separation": lambda adata: plot_marker_separation(adata, columns.PREDICTED, SETS),
}


def thumbnail(figure: Any) -> Image.Image:
    """Return the figure as a small grey image."""
    buffer = BytesIO()
    figure.savefig(buffer, dpi=100, format="png")
    image = Image.open(buffer).convert("L")
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.BOX)


def difference(image: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference of two images, 0 to 255."""
    same_size = other.resize(image.size)  # one more line of text changes the height by a pixel
    return float(np.abs(np.asarray(image, np.float64) - np.asarray(same_size, np.float64)).mean())


@pytest.mark.parametrize("name", FIGURES)
def test_figure_equals_its_reference(tissue: ad.AnnData, name: str) -> None:
    image = thumbnail(FIGURES[name](annotated(tissue)))
    path = PICTURES / f"{name}.png"
    if os.environ.get("SPATIALCORE_NEW_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        image.save(path, optimize=True)
    with Image.open(path) as reference:
        assert abs(reference.height - image.height) <= 2
        assert difference(reference, image) < MEAN_DIFFERENCE


def test_the_comparison_detects_a_changed_figure(tissue: ad.AnnData) -> None:
    sample = annotated(tissue)
    before = thumbnail(plot_composition(sample))
    sample.obs[columns.CELL_TYPE] = columns.UNASSIGNED
    assert difference(before, thumbnail(plot_composition(sample))) > 2 * MEAN_DIFFERENCE
