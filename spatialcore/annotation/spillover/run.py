"""Spill-over in a run of a model: when it is estimated, and what is written.

Columns of ``obs``: ``foreign_share``, ``foreign_share_null``, ``second_type`` (empty where no mixture is needed) and
``second_type_share``; 0 and empty for all cells where no spill-over is detected.
``uns["spatialcore_annotation"]["spill_over_json"]`` says whether it could be estimated, and the figures of the section.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.calls.prediction import Prediction
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.query import Expression
from spatialcore.annotation.spillover.result import SpillOver, estimate_spill_over, why_unavailable
from spatialcore.core.categories import as_texts, coded_labels, named
from spatialcore.core.logging import get_logger

log = get_logger(__name__)

MIXED_SHARE: Final = 0.2
TOO_FEW: Final = "too few cells have counts and neighbours"


@dataclass(frozen=True)
class RunSpillOver:
    """The estimates of a run, or the reason why there are none."""

    estimates: SpillOver | None
    reason: str
    classes: tuple[str, ...]

    @property
    def is_detected(self) -> bool:
        """Whether the cells' counts depend on their neighbours."""
        return self.estimates is not None and self.estimates.is_detected

    def recalibrate(self, prediction: Prediction, *, may_rise: bool = True) -> Prediction:
        """Return the calls with the confidence that they have among their neighbours; the path changes in place.

        Parameters
        ----------
        prediction
            Calls with calibrated confidence.
        may_rise
            Whether the confidence of a cell may rise; not where the references do not fit the query.
        """
        if self.estimates is None or not self.is_detected:
            return prediction
        confidence = self.estimates.recalibrate(prediction.confidence)
        if not may_rise:
            confidence = np.minimum(confidence, prediction.confidence)
        return prediction.with_confidence(confidence)

    @property
    def manifest(self) -> dict[str, str]:
        """The entry of the run manifest."""
        estimates = self.estimates
        described = estimates.describe(self.classes) if estimates else {"available": False, "reason": self.reason}
        return {"spill_over_json": json.dumps(described)}

    def write(self, adata: AnnData) -> None:
        """Write the columns of obs, and the reason "mixed"; columns of an earlier run are removed."""
        for name in columns.SPILL_OVER_COLUMNS:
            if name in adata.obs:  # drop copies the frame in any case
                del adata.obs[name]
        if self.estimates is None:
            return
        rows, shares, second = self.estimates.cells.rows, self.estimates.estimates, self.estimates.second
        foreign, null, share_of_second = np.zeros((3, adata.n_obs), np.float32)
        classes = np.full(adata.n_obs, -1, np.int32)
        if shares is not None and second is not None:
            foreign, null = shares.foreign, shares.null
            classes[rows], share_of_second[rows] = second.classes, second.shares
        adata.obs[columns.FOREIGN_SHARE], adata.obs[columns.FOREIGN_SHARE_NULL] = foreign, null
        adata.obs[columns.SECOND_TYPE] = named(classes, self.classes, "")
        adata.obs[columns.SECOND_TYPE_SHARE] = share_of_second
        mark_mixed(adata)


def estimate_for_run(adata: AnnData, models: Sequence[tuple[CellTypingModel, Expression]]) -> RunSpillOver:
    """Estimate spill-over with the model of a run, or say why it is not estimated.

    Parameters
    ----------
    adata
        The query.
    models
        The models of the run, each with the query on its genes; of several, none is used.
    """
    model, query = models[0]
    reason = "several models were used" if len(models) > 1 else why_unavailable(adata, model, query)
    estimates = None if reason else estimate_spill_over(adata, model, query)
    estimates = estimates.without_tables() if estimates else None
    result = RunSpillOver(estimates, "" if estimates else reason or TOO_FEW, model.classes)
    if estimates is None:
        log.info("spill-over is not estimated: %s", result.reason)
    else:
        log.info("spill-over: z %.1f, %s", estimates.fit.z, "detected" if result.is_detected else "not detected")
    return result


def mark_mixed(adata: AnnData) -> int:
    """Set the reason "mixed" where a call fails for its confidence and a second type explains a fifth of the counts.

    Returns
    -------
    int
        Number of these cells.
    """
    if columns.SECOND_TYPE_SHARE not in adata.obs or columns.UNASSIGNED_REASON not in adata.obs:
        return 0
    reasons = as_texts(adata.obs[columns.UNASSIGNED_REASON])
    low = (reasons == columns.REASON_LOW_CONFIDENCE).to_numpy()
    mixed = low & (adata.obs[columns.SECOND_TYPE_SHARE].to_numpy() >= MIXED_SHARE)
    if mixed.any():
        codes, names = coded_labels(reasons)
        codes = np.where(mixed, len(names), codes)
        adata.obs[columns.UNASSIGNED_REASON] = named(codes, [*names, columns.REASON_MIXED], "")
    return int(mixed.sum())
