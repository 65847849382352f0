"""Warnings about references of another tissue."""

import json
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.annotation import get_panel_genes, stages
from spatialcore.annotation.config import TrainingConfig
from spatialcore.annotation.pooled_queries import PooledQueries
from spatialcore.plotting import plot_2d_validation
from spatialcore.plotting.annotation_plots import AnnotationPlots
from spatialcore.report import write_report
from spatialcore.report.overview import summarize
from spatialcore.report.reference_misfit import find_misfit
from spatialcore.workflow.run import train_model
from tests.plotting.tissues import annotated, make_tissue

PANCREAS = ["pancreatic A cell", "type B pancreatic cell", "pancreatic D cell", "acinar cell", "macrophage"]


def summary(*aucs: float, n_markers: int = 3) -> pd.DataFrame:
    """Return the columns of a validation summary that `find_misfit` uses."""
    return pd.DataFrame({"cell_type": [f"t{i}" for i in range(len(aucs))], "n_markers": n_markers, "auc": aucs})


def panel(genes: list[str], classes: list[str]) -> ad.AnnData:
    """Return one cell on a panel, annotated by a model with these classes."""
    adata = ad.AnnData(np.zeros((1, len(genes)), np.float32), var=pd.DataFrame(index=genes))
    adata.uns[columns.MANIFEST] = {"model_classes_json": json.dumps(classes)}
    return adata


NO_FIGURES: AnnotationPlots = {"figures": {}, "summary": pd.DataFrame(), "paths": {}}
EMPTY = panel(["GENE1"], [])


@pytest.mark.parametrize(
    ("aucs", "called", "misfit"),
    [
        ((0.98, 0.97, 0.9, 0.85), 0.92, False),  # breast, classes of breast
        ((0.93, 0.9, 0.94), 0.2, False),  # only few calls: a shallow panel
        ((0.7, 0.6, 0.72, 0.7), 0.08, True),  # breast, classes of blood
        ((0.7, 0.6, 0.72, 0.7), 0.9, False),  # only weak markers: the panel
        ((0.51, 0.5, 0.52), 0.8, True),  # confident, but no type expresses its markers
        ((0.51, 0.5), 0.8, False),  # too few types
    ],
)
def test_types_that_do_not_express_their_markers(aucs: tuple[float, ...], called: float, misfit: bool) -> None:
    assert bool(find_misfit(EMPTY, summary(*aucs), called)) is misfit


def test_types_with_a_single_marker_are_ignored() -> None:
    assert find_misfit(EMPTY, summary(0.5, 0.5, 0.5, n_markers=1), 0.1) == ""


def test_types_without_markers_on_the_panel() -> None:
    warning = find_misfit(panel(["CD3E", "CD68", "EPCAM"], PANCREAS), summary(), 0.9)
    assert "another tissue" in warning
    assert "pancreatic A cell" in warning
    assert "macrophage" not in warning
    assert find_misfit(panel(["CD3E", "CD68", "GCG", "INS", "SST", "CPA1"], PANCREAS), summary(), 0.9) == ""


def test_ensembl_ids_are_converted_to_symbols() -> None:
    ids = ["ENSG00000115263", "ENSG00000254647", "ENSG00000157005", "ENSG00000129226"]  # GCG, INS, SST, CD68
    assert find_misfit(panel(ids, PANCREAS[:3]), summary(), 0.9) == ""


def test_the_warning_is_in_report_and_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    adata = annotated(make_tissue())
    adata.uns[columns.MANIFEST] |= {"model_classes_json": json.dumps(PANCREAS)}
    page = write_report(adata, tmp_path / "r.html", figures=NO_FIGURES).read_text()
    assert "may not match these cells" in page
    assert "may not match these cells" in caplog.text
    assert "may not match these cells" in summarize(adata, 0.8, summary()).warnings[0]


def test_no_warning_for_a_matching_reference() -> None:
    adata = annotated(make_tissue())
    assert summarize(adata, 0.8, summary(0.95, 0.99, 0.9)).misfit == ""


def _warnings(adata: ad.AnnData, tissue: str, *tissues: dict[str, int]) -> Any:
    manifest = adata.uns[columns.MANIFEST]
    entries = [{"source": f"r{i}", "uri": f"r{i}.h5ad", "tissues": counts} for i, counts in enumerate(tissues)]
    settings = {**json.loads(manifest.get("config_json", "{}")), "tissue": tissue}
    parts = {"references_json": json.dumps(entries), "config_json": json.dumps(settings)}
    adata.uns[columns.MANIFEST] = {**manifest, **parts}
    return summarize(adata, 0.8, pd.DataFrame()).warnings


def test_tissues_of_the_references_are_compared() -> None:
    adata = annotated(make_tissue())
    assert "not from lung: r0 has brain" in " ".join(_warnings(adata, "lung", {"brain": 9}))
    assert "another organ" not in " ".join(_warnings(adata, "lung", {"brain": 9}, {"lung": 1}))


@pytest.mark.parametrize(
    ("reference", "column", "misfit"),
    [("nsclc_zilionis300.h5ad", "cell_type_coarse", False), ("pbmc_symphony_3assay.h5ad", "cell_type", True)],
)
def test_real_breast_with_references_of_tumour_and_blood(
    shared: Path, tmp_path: Path, reference: str, column: str, misfit: bool
) -> None:
    config = TrainingConfig(
        references=[str(shared / "data" / reference)],
        label_columns=[column],
        min_cells_per_type=5,
        min_gene_overlap_pct=20,  # the blood reference has variable genes only
    )
    adata = ad.read_h5ad(shared / "data" / "spatial_xenium_breast_scider.h5ad")[::5].copy()
    pooled = PooledQueries(get_panel_genes(adata), adata)
    train_model(config, pooled, tmp_path / "m.pkl")
    stages.keep_confident(stages.annotate(adata, tmp_path / "m.pkl", config), config)
    _, validation = plot_2d_validation(adata, columns.PREDICTED, columns.CONFIDENCE)
    assert bool(summarize(adata, config.confidence_threshold, validation).misfit) is misfit
