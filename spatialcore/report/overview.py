"""The first section of the report: number of cells and calls, expected accuracy, warnings."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.gene_overlap import few_genes_warning
from spatialcore.annotation.panel import gene_features
from spatialcore.annotation.references.tissue_check import foreign_references
from spatialcore.annotation.training.small_panel import FEW_GENES, small_panel_warning
from spatialcore.core.categories import as_texts
from spatialcore.core.text.wording import list_names
from spatialcore.plotting.figures.confusions import confusion_table, frequent_confusions
from spatialcore.plotting.groups import NOT_TYPES
from spatialcore.plotting.manifest import held_out_scores, manifest_table, manifest_value, model_card, records
from spatialcore.report.missing_types import missing_types_warning
from spatialcore.report.reference_misfit import find_misfit

MANY_UNASSIGNED: Final = 0.3
LOW_OVERLAP: Final = 80.0
LOW_F1: Final = 0.7
CONFUSED: Final = 0.2
LOW_AUC: Final = 0.7
FEW_CELLS: Final = 30
_FORMATS: Final = re.compile(r"\.(h5ad|h5|zarr|zarr\.zip)$")


@dataclass(frozen=True)
class Overview:
    """The overview of a run.

    Attributes
    ----------
    title, tissue
        Title of the report, and the tissue in the configuration.
    n_cells, n_called, n_types
        Number of cells, cells with a call, and cell types.
    n_panel_genes, n_shared_genes
        Number of genes of the panel, and of those that the model uses; None if that is not recorded.
    threshold
        Minimum confidence of a call.
    expected_accuracy
        Mean calibrated confidence of the calls; None if the confidence is not calibrated or the references do not
        match these cells.
    warnings
        Sentences, the most important first.
    misfit
        The warning that the references do not match these cells; empty if there is none.
    is_withheld
        Whether the expected accuracy is not stated because the references do not match.
    reference_tissues
        The tissues of the references; empty if they are not recorded.
    """

    title: str
    tissue: str
    n_cells: int
    n_called: int
    n_types: int
    n_panel_genes: int
    n_shared_genes: int | None
    threshold: float
    expected_accuracy: float | None
    warnings: tuple[str, ...]
    misfit: str = ""
    is_withheld: bool = False
    reference_tissues: str = ""

    @property
    def share_called(self) -> float:
        """Share of the cells with a call, 0 to 1."""
        return self.n_called / max(1, self.n_cells)


def summarize(adata: AnnData, threshold: float, validation: pd.DataFrame, sample: str = "") -> Overview:
    """Return the overview of annotated data.

    Parameters
    ----------
    adata
        Annotated data with their run manifest.
    threshold
        Minimum confidence of a call.
    validation
        The summary of :func:`spatialcore.plotting.plot_2d_validation`; may be empty.
    sample
        Name of the sample, for the title.
    """
    calls = as_texts(adata.obs[columns.CELL_TYPE])
    called = ~calls.isin(NOT_TYPES)
    confidence = adata.obs[columns.CONFIDENCE].to_numpy(dtype=np.float64)
    calibrated = manifest_value(adata, "confidence_transform") == "calibrated"
    config = manifest_value(adata, "config_json") or {}
    tissue = str(config.get("tissue", "unknown"))
    file = _FORMATS.sub("", str(manifest_value(adata, "query") or "").rstrip("/").rpartition("/")[2])
    subject = sample or file or tissue
    share_called = float(called.mean()) if adata.n_obs else 0.0
    misfit = find_misfit(adata, validation, share_called)
    foreign = foreign_references(tissue, manifest_value(adata, "references_json") or [])
    is_stated = calibrated and called.any() and not misfit and not foreign
    expected = float(confidence[called].mean()) if is_stated else None
    return Overview(
        title=f"Cell types of {subject}",
        tissue=tissue,
        n_cells=adata.n_obs,
        n_called=int(called.sum()),
        n_types=int(calls[called].nunique()),
        n_panel_genes=len(set(gene_features(adata.var))),
        n_shared_genes=manifest_value(adata, "n_shared_genes"),
        threshold=threshold,
        expected_accuracy=expected,
        warnings=(
            *([misfit] if misfit else []),
            *_warnings(adata, tissue, share_called, validation, calibrated=calibrated),
        ),
        misfit=misfit,
        is_withheld=bool(misfit or foreign),
        reference_tissues=_reference_tissues(adata),
    )


def _reference_tissues(adata: AnnData) -> str:
    """Return the tissues of the references, most cells first; empty if they are not recorded."""
    cells: dict[str, int] = {}
    for reference in manifest_value(adata, "references_json") or []:
        for name, n in (reference.get("tissues") or {}).items():
            cells[name] = cells.get(name, 0) + int(n)
    ranked = sorted(cells, key=lambda name: -cells[name])
    return list_names(ranked, 3)


def _warnings(
    adata: AnnData, tissue: str, share_called: float, validation: pd.DataFrame, *, calibrated: bool
) -> list[str]:
    foreign = foreign_references(tissue, manifest_value(adata, "references_json") or [])
    warnings = [foreign] if foreign else []
    if held_out_scores(adata).get("cells_from") == columns.KIND_PROFILES:
        warnings.append(
            "The references are cell type profiles. Held-out scores and calibration are computed on cells drawn around "
            "them, which lack the differences between real cells, donors and studies: the scores are too high."
        )
    if not calibrated:
        warnings.append("The confidence is not calibrated: it ranks the calls, but it is not a probability.")
    if 1 - share_called > MANY_UNASSIGNED:
        warnings.append(
            f"{100 * (1 - share_called):.0f} % of the cells have no call: the references may lack a type, "
            "or the panel may not separate the types at this depth."
        )
    missing = missing_types_warning(adata)
    warnings += [missing] if missing else []
    return [*warnings, *_model_warnings(adata), *_marker_warnings(validation), *_label_warnings(adata)]


def _model_warnings(adata: AnnData) -> list[str]:
    warnings = []
    overlap = manifest_value(adata, "gene_overlap_pct")
    if overlap is not None and float(overlap) < LOW_OVERLAP:
        warnings.append(f"The query has {float(overlap):.0f} % of the model's genes.")
    few_genes = few_genes_warning(int(manifest_value(adata, "n_shared_genes") or adata.n_vars), {})
    warnings += [few_genes] if few_genes else []
    card = model_card(adata)
    unlike = str((card.get("sample") or {}).get("unlike", ""))
    if unlike:
        warnings.append(f"This sample differs from the others for which the model was trained: {unlike}.")
    small = small_panel_warning(
        int((card.get("training") or {}).get("n_genes", FEW_GENES)),
        held_out_scores(adata),
        tuple(card.get("classes") or ()),
    )
    if small:
        warnings.append(small)
    f1 = held_out_scores(adata).get("f1") or {}
    weak = [f"{name} ({value:.2f})" for name, value in sorted(f1.items(), key=lambda item: item[1]) if value < LOW_F1]
    if weak:
        warnings.append(f"Types with a low F1 on held-out cells: {list_names(weak, 8)}.")
    worst = frequent_confusions(confusion_table(adata), CONFUSED).head(5)
    confused = [f"{row['cell_type']} as {row['called']} ({100 * row['share']:.0f} %)" for row in records(worst)]
    if confused:
        warnings.append(f"Types often predicted as another type on held-out cells: {', '.join(confused)}.")
    cells = held_out_scores(adata).get("cells") or {}
    few = [f"{name} ({n})" for name, n in cells.items() if n < FEW_CELLS]
    if few:
        warnings.append(f"Types with few reference cells: {list_names(few, 8)}.")
    return warnings


def _marker_warnings(validation: pd.DataFrame) -> list[str]:
    if validation.empty:
        return []
    weak = validation[validation["auc"] < LOW_AUC].sort_values("auc")
    types = [f"{row['cell_type']} ({row['auc']:.2f})" for row in records(weak)]
    return (
        [f"Types whose markers do not separate them from other cells (AUC): {list_names(types, 8)}."] if types else []
    )


def _label_warnings(adata: AnnData) -> list[str]:
    table = manifest_table(adata, "label_mapping_json")
    if table.empty:
        return []
    unmapped = table.loc[table["match_tier"] == "unmapped", "input_label"].astype(str).tolist()
    if not unmapped:
        return []
    return [f"Reference labels without a Cell Ontology term, used unchanged: {list_names(unmapped, 8)}."]
