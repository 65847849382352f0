"""The report says when the references are of another tissue, and only then."""

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
from spatialcore.annotation.pooled_queries import Gathered
from spatialcore.plotting import plot_2d_validation
from spatialcore.report import write_report
from spatialcore.report.overview import judge
from spatialcore.report.reference_misfit import find_misfit
from spatialcore.workflow.run import train_model
from tests.plotting.test_run_figures import annotated
from tests.plotting.tissues import make_tissue

PANCREAS = ["pancreatic A cell", "type B pancreatic cell", "pancreatic D cell", "acinar cell", "macrophage"]


def summary(*aucs: float, n_markers: int = 3) -> pd.DataFrame:
    """Return as much of a validation summary as the judgement reads."""
    return pd.DataFrame({"cell_type": [f"t{i}" for i in range(len(aucs))], "n_markers": n_markers, "auc": aucs})


def panel(genes: list[str], classes: list[str]) -> ad.AnnData:
    """Return one cell on a panel, called by a model of these classes."""
    adata = ad.AnnData(np.zeros((1, len(genes)), np.float32), var=pd.DataFrame(index=genes))
    adata.uns[columns.MANIFEST] = {"model_classes_json": json.dumps(classes)}
    return adata


NOWHERE = panel(["GENE1"], [])


@pytest.mark.parametrize(
    ("aucs", "called", "misfit"),
    [
        ((0.98, 0.97, 0.9, 0.85), 0.92, False),  # a breast and types that it has
        ((0.93, 0.9, 0.94), 0.2, False),  # few calls alone are a shallow panel's
        ((0.7, 0.6, 0.72, 0.7), 0.08, True),  # a breast called by blood's types
        ((0.7, 0.6, 0.72, 0.7), 0.9, False),  # weak markers alone are a panel's, too
        ((0.51, 0.5, 0.52), 0.8, True),  # confident, but no type shows its markers
        ((0.51, 0.5), 0.8, False),  # too few types to say
    ],
)
def test_types_that_do_not_show_their_markers(aucs: tuple[float, ...], called: float, misfit: bool) -> None:
    assert bool(find_misfit(NOWHERE, summary(*aucs), called)) is misfit


def test_a_single_marker_proves_nothing() -> None:
    assert find_misfit(NOWHERE, summary(0.5, 0.5, 0.5, n_markers=1), 0.1) == ""


def test_types_whose_markers_the_panel_does_not_have() -> None:
    said = find_misfit(panel(["CD3E", "CD68", "EPCAM"], PANCREAS), summary(), 0.9)
    assert "another tissue" in said
    assert "pancreatic A cell" in said
    assert "macrophage" not in said
    assert find_misfit(panel(["CD3E", "CD68", "GCG", "INS", "SST", "CPA1"], PANCREAS), summary(), 0.9) == ""


def test_ensembl_ids_are_no_foreign_panel() -> None:
    ids = ["ENSG00000115263", "ENSG00000254647", "ENSG00000157005", "ENSG00000129226"]  # GCG, INS, SST, CD68
    assert find_misfit(panel(ids, PANCREAS[:3]), summary(), 0.9) == ""


def test_the_report_and_the_log_say_so_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    adata = annotated(make_tissue())
    adata.uns[columns.MANIFEST] |= {"model_classes_json": json.dumps(PANCREAS)}
    page = write_report(adata, tmp_path / "r.html", figures={"figures": {}}).read_text()
    assert "do not seem to fit" in page
    assert "do not seem to fit" in caplog.text
    assert "do not seem to fit" in judge(adata, 0.8, summary()).worries[0]


def test_a_fitting_reference_is_not_suspected() -> None:
    adata = annotated(make_tissue())
    assert judge(adata, 0.8, summary(0.95, 0.99, 0.9)).misfit == ""


def _references(adata: ad.AnnData, tissue: str, *told: dict[str, int]) -> Any:
    manifest = adata.uns[columns.MANIFEST]
    entries = [{"source": f"r{i}", "uri": f"r{i}.h5ad", "tissues": each} for i, each in enumerate(told)]
    settings = {**json.loads(manifest.get("config_json", "{}")), "tissue": tissue}
    parts = {"references_json": json.dumps(entries), "config_json": json.dumps(settings)}
    adata.uns[columns.MANIFEST] = {**manifest, **parts}
    return judge(adata, 0.8, pd.DataFrame()).worries


def test_what_the_references_say_of_their_organ_is_read() -> None:
    adata = annotated(make_tissue())
    assert "of another organ than lung: r0 says brain" in " ".join(_references(adata, "lung", {"brain": 9}))
    assert "another organ" not in " ".join(_references(adata, "lung", {"brain": 9}, {"lung": 1}))


@pytest.mark.parametrize(
    ("reference", "column", "misfit"),
    [("nsclc_zilionis300.h5ad", "cell_type_coarse", False), ("pbmc_symphony_3assay.h5ad", "cell_type", True)],
)
def test_a_real_breast_by_a_tumour_and_by_blood(
    shared: Path, tmp_path: Path, reference: str, column: str, misfit: bool
) -> None:
    config = TrainingConfig(
        references=[str(shared / "data" / reference)],
        label_columns=[column],
        min_cells_per_type=5,
        min_gene_overlap_pct=20,  # the blood was cut to variable genes
    )
    adata = ad.read_h5ad(shared / "data" / "spatial_xenium_breast_scider.h5ad")[::5].copy()
    gathered = Gathered(get_panel_genes(adata), adata)
    train_model(config, gathered, tmp_path / "m.pkl")
    stages.keep_confident(stages.annotate(adata, tmp_path / "m.pkl", config), config)
    _, validation = plot_2d_validation(adata, columns.PREDICTED, columns.CONFIDENCE)
    assert bool(judge(adata, config.confidence_threshold, validation).misfit) is misfit
