"""The first screen: how many cells, how many called, how right the calls are expected to be, what to worry about."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.references.tissue_check import foreign_references
from spatialcore.plotting.figures.confusions import confusion_table
from spatialcore.plotting.groups import NOT_TYPES
from spatialcore.plotting.recorded import held_out, recorded, recorded_table, records
from spatialcore.report.reference_misfit import find_misfit

MANY_UNASSIGNED: Final = 0.3
LOW_OVERLAP: Final = 80.0
LOW_F1: Final = 0.7
CONFUSED: Final = 0.2
LOW_AUC: Final = 0.7
FEW_CELLS: Final = 30
_FORMATS: Final = re.compile(r"\.(h5ad|h5|zarr|zarr\.zip)$")


@dataclass(frozen=True)
class PromotionDecision:
    """What the reader must know first.

    Parameters
    ----------
    expected_accuracy
        Mean calibrated confidence of the kept calls; None where the confidence is not calibrated.
    worries
        Sentences, the gravest first.
    misfit
        The one among them that says that the references do not fit these cells; empty where they may.
    """

    title: str
    tissue: str
    n_cells: int
    n_called: int
    n_types: int
    n_genes: int
    threshold: float
    expected_accuracy: float | None
    worries: tuple[str, ...]
    misfit: str = ""

    @property
    def share_called(self) -> float:
        """Share of the cells that have a call."""
        return self.n_called / max(1, self.n_cells)


def judge(adata: AnnData, threshold: float, validation: pd.DataFrame) -> PromotionDecision:
    """Return the verdict on annotated data."""
    calls = adata.obs[columns.CELL_TYPE].astype(str)
    called = ~calls.isin(NOT_TYPES)
    confidence = adata.obs[columns.CONFIDENCE].to_numpy(dtype=np.float64)
    calibrated = recorded(adata, "confidence_transform") == "calibrated"
    expected = float(confidence[called].mean()) if calibrated and called.any() else None
    config = recorded(adata, "config_json") or {}
    tissue = str(config.get("tissue", "unknown"))
    subject = _FORMATS.sub("", str(recorded(adata, "query") or "").rstrip("/").rpartition("/")[2]) or tissue
    share_called = float(called.mean()) if adata.n_obs else 0.0
    misfit = find_misfit(adata, validation, share_called)
    worries = [misfit] if misfit else []
    return PromotionDecision(
        title=f"Cell types of {subject}",
        tissue=tissue,
        n_cells=adata.n_obs,
        n_called=int(called.sum()),
        n_types=int(calls[called].nunique()),
        n_genes=int(recorded(adata, "n_shared_genes") or adata.n_vars),
        threshold=threshold,
        expected_accuracy=expected,
        worries=(*worries, *_worries(adata, tissue, share_called, expected, validation)),
        misfit=misfit,
    )


def _worries(
    adata: AnnData, tissue: str, share_called: float, expected: float | None, validation: pd.DataFrame
) -> list[str]:
    foreign = foreign_references(tissue, recorded(adata, "references_json") or [])
    found = [foreign] if foreign else []
    if expected is None:
        found.append("The confidence is not calibrated: it ranks the calls but is no probability of being right.")
    if 1 - share_called > MANY_UNASSIGNED:
        found.append(
            f"{100 * (1 - share_called):.0f} % of the cells have no call: the references may lack a type, "
            "or the panel may be too shallow to tell types apart."
        )
    return [*found, *_of_model(adata), *_of_markers(validation), *_of_labels(adata)]


def _of_model(adata: AnnData) -> list[str]:
    found = []
    overlap = recorded(adata, "gene_overlap_pct")
    if overlap is not None and float(overlap) < LOW_OVERLAP:
        found.append(f"The query has {float(overlap):.0f} % of the model's genes.")
    f1 = held_out(adata).get("f1") or {}
    weak = [f"{name} ({value:.2f})" for name, value in sorted(f1.items(), key=lambda item: item[1]) if value < LOW_F1]
    if weak:
        found.append(f"Types that the model finds poorly on held-out cells (F1): {', '.join(weak[:8])}.")
    pairs = confusion_table(adata)
    worst = pairs[(pairs["share"] >= CONFUSED) & (pairs["n_cells"] >= 3)].head(5)
    taken = [f"{row['cell_type']} for {row['called']} ({100 * row['share']:.0f} %)" for row in records(worst)]
    if taken:
        found.append(f"The panel mistakes {', '.join(taken)}.")
    cells = held_out(adata).get("cells") or {}
    few = [f"{name} ({n})" for name, n in cells.items() if n < FEW_CELLS]
    if few:
        found.append(f"Types that few reference cells stand for: {', '.join(few[:8])}.")
    return found


def _of_markers(validation: pd.DataFrame) -> list[str]:
    if validation.empty:
        return []
    weak = validation[validation["auc"] < LOW_AUC]
    named = [f"{row['cell_type']} ({row['auc']:.2f})" for row in records(weak)]
    return [f"Types whose cells do not stand out in their own markers (AUC): {', '.join(named)}."] if named else []


def _of_labels(adata: AnnData) -> list[str]:
    table = recorded_table(adata, "label_mapping_json")
    if table.empty:
        return []
    open_ = table.loc[table["match_tier"] == "unmapped", "input_label"].astype(str).tolist()
    named = ", ".join(open_[:8])
    return [f"Reference labels without a Cell Ontology term keep their own name: {named}."] if open_ else []
