"""The warnings of the report: references, gene overlap, weak types, markers, labels."""

from typing import Final

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.references.tissue_check import foreign_references
from spatialcore.annotation.training.small_panel import FEW_GENES, few_genes_warning, small_panel_warning
from spatialcore.core.entries import coordinates_in, n_located
from spatialcore.core.text.wording import list_names
from spatialcore.plotting.figures.confusions import confusion_table, frequent_confusions
from spatialcore.plotting.manifest import held_out_scores, manifest_table, manifest_value, model_card, records
from spatialcore.report.missing_types import missing_types_warning

MANY_UNASSIGNED: Final = 0.3
LOW_OVERLAP: Final = 80.0
LOW_F1: Final = 0.7
CONFUSED: Final = 0.2
LOW_AUC: Final = 0.7
FEW_CELLS: Final = 30


def run_warnings(
    adata: AnnData, tissue: str, share_called: float, validation: pd.DataFrame, *, calibrated: bool
) -> list[str]:
    """Return the warnings about a run, as sentences, the most important first.

    Parameters
    ----------
    adata
        Annotated data with their run manifest.
    tissue
        Tissue in the configuration.
    share_called
        Share of the cells with a call, 0 to 1.
    validation
        The summary of :func:`spatialcore.plotting.plot_2d_validation`; may be empty.
    calibrated
        Whether the confidence is calibrated.
    """
    warnings = [
        foreign_references(tissue, manifest_value(adata, "references_json") or []),
        _profile_warning(adata),
        "" if calibrated else "The confidence is not calibrated: it ranks the calls, but it is not a probability.",
        _unassigned_warning(share_called),
        _coordinates_warning(adata),
        missing_types_warning(adata),
        *_gene_warnings(adata),
        *_held_out_warnings(adata),
        _marker_warning(validation),
        _label_warning(adata),
    ]
    return [warning for warning in warnings if warning]


def _profile_warning(adata: AnnData) -> str:
    if held_out_scores(adata).get("cells_from") != columns.KIND_PROFILES:
        return ""
    return (
        "The references are cell type profiles. Held-out scores and calibration are computed on cells drawn around "
        "them, which lack the differences between real cells, donors and studies: the scores are too high."
    )


def _unassigned_warning(share_called: float) -> str:
    if 1 - share_called <= MANY_UNASSIGNED:
        return ""
    return (
        f"{100 * (1 - share_called):.0f} % of the cells have no call: the references may lack a type, "
        "or the panel may not separate the types at this depth."
    )


def _coordinates_warning(adata: AnnData) -> str:
    coordinates = coordinates_in(adata)
    if coordinates is None:
        return ""
    missing = adata.n_obs - n_located(coordinates)
    if missing == 0:
        return ""
    return f"{missing:,} of {adata.n_obs:,} cells have no coordinates: they are not on the maps."


def _gene_warnings(adata: AnnData) -> list[str]:
    """Return the warnings about gene overlap, panels of few genes and samples unlike the others."""
    overlap = manifest_value(adata, "gene_overlap_pct")
    is_low = overlap is not None and float(overlap) < LOW_OVERLAP
    card = model_card(adata)
    unlike = str((card.get("sample") or {}).get("unlike", ""))
    return [
        f"The query has {float(overlap):.0f} % of the model's genes." if is_low else "",
        few_genes_warning(int(manifest_value(adata, "n_shared_genes") or adata.n_vars), {}),
        f"This sample differs from the others for which the model was trained: {unlike}." if unlike else "",
        small_panel_warning(
            int((card.get("training") or {}).get("n_genes", FEW_GENES)),
            held_out_scores(adata),
            tuple(card.get("classes") or ()),
            is_auto=manifest_value(adata, "resolution") == "auto",
        ),
    ]


def _held_out_warnings(adata: AnnData) -> list[str]:
    """Return the warnings about types that the model predicts badly on held-out cells, or that have few cells."""
    f1 = held_out_scores(adata).get("f1") or {}
    weak = [f"{name} ({value:.2f})" for name, value in sorted(f1.items(), key=lambda item: item[1]) if value < LOW_F1]
    worst = frequent_confusions(confusion_table(adata), CONFUSED).head(5)
    confused = [f"{row['cell_type']} as {row['called']} ({100 * row['share']:.0f} %)" for row in records(worst)]
    cells = held_out_scores(adata).get("cells") or {}
    few = [f"{name} ({n})" for name, n in cells.items() if n < FEW_CELLS]
    advice_weak, advice_few = "Check their markers, or use a coarser level.", "Their scores are uncertain."
    return [
        f"Types with a low F1 on held-out cells: {list_names(weak, 8)}. {advice_weak}" if weak else "",
        _confusion_warning(confused),
        f"Types with few reference cells: {list_names(few, 8)}. {advice_few}" if few else "",
    ]


def _confusion_warning(confused: list[str]) -> str:
    if not confused:
        return ""
    listed = ", ".join(confused)
    return (
        f"Types often predicted as another type on held-out cells: {listed}. Interpret such a pair as one type, or use "
        "a coarser level."
    )


def _marker_warning(validation: pd.DataFrame) -> str:
    if validation.empty:
        return ""
    weak = validation[validation["auc"] < LOW_AUC].sort_values("auc")
    types = [f"{row['cell_type']} ({row['auc']:.2f})" for row in records(weak)]
    if not types:
        return ""
    return (
        f"Types whose markers do not separate them from other cells (AUC): {list_names(types, 8)}. Check their genes "
        "before you interpret them."
    )


def _label_warning(adata: AnnData) -> str:
    table = manifest_table(adata, "label_mapping_json")
    if table.empty:
        return ""
    unmapped = table.loc[table["match_tier"] == "unmapped", "input_label"].astype(str).tolist()
    if not unmapped:
        return ""
    return (
        f"Reference labels without a Cell Ontology term, used unchanged: {list_names(unmapped, 8)}. They have no "
        "coarser levels."
    )
