"""The stages that draw: the figures of a run and the report of a sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spatialcore.annotation.config import AnnotationSettings

if TYPE_CHECKING:  # this package lies below plotting and report
    from anndata import AnnData

    from spatialcore.plotting.annotation_plots import AnnotationPlots


def plot(adata: AnnData, config: AnnotationSettings, output: Path, *, prefix: str = "celltyping") -> AnnotationPlots:
    """Draw every figure of a run into a folder."""
    from spatialcore.plotting.run_figures import draw_run_figures

    return draw_run_figures(adata, output, prefix=prefix, confidence_threshold=config.confidence_threshold)


def report(
    adata: AnnData,
    output: Path,
    *,
    config: AnnotationSettings,
    figures: AnnotationPlots | None = None,
    sample: str = "",
) -> Path:
    """Write the report of a sample."""
    from spatialcore.report import write_report

    return write_report(adata, output, config=config, figures=figures, sample=sample)
