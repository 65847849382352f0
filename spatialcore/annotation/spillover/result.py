"""All estimates of a query, and what follows from them for the confidence of its calls."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from anndata import AnnData
from scipy.special import expit, logit

from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.query import Expression
from spatialcore.annotation.spillover.ambient import without_ambient
from spatialcore.annotation.spillover.cells import Cells, blocks
from spatialcore.annotation.spillover.coordinates import MIN_CELLS, Places, unusable_coordinates
from spatialcore.annotation.spillover.estimate import (
    CellEstimates,
    SectionFit,
    estimate_cells,
    fit_section,
)
from spatialcore.annotation.spillover.neighbourhoods import Neighbourhoods, neighbourhoods_of
from spatialcore.annotation.spillover.second_type import SecondTypes, find_second_types, smaller_by
from spatialcore.core.types import Floats

# What the confidence gains and loses, chosen on simulated and open sections (docs/benchmarks/spill-over.md).
INTERCEPT, SLOPE, COUNTS_SLOPE = 0.3, 1.2, 0.3
DOUBT_RATE, SMALLER_RATE, FOREIGN_RATE = 0.35, 0.9, 1.5
LOGIT_LIMIT = 6.0
MIN_LEAD: Final = -4.0
TYPICAL_COUNTS: Final = 150.0
COUNTS_LIMIT: Final = 1.5


@dataclass(frozen=True)
class SpillOver:
    """The estimates of a query.

    Parameters
    ----------
    cells, neighbours, fit
        What they were made from.
    estimates
        Of each cell; ``None`` where no spill-over was detected.
    second
        The second type of the cells with counts, in the order of ``cells.rows``; ``None`` likewise.
    """

    cells: Cells
    neighbours: Neighbourhoods
    fit: SectionFit
    estimates: CellEstimates | None = None
    second: SecondTypes | None = None

    @property
    def is_detected(self) -> bool:
        """Whether the cells' counts depend on their neighbours."""
        return self.estimates is not None

    def recalibrate(self, confidence: Floats) -> Floats:
        """Return the confidence of each cell's call, given its neighbourhood and its second type.

        A positive logit z of the confidence becomes ``z exp(.35 d - .9 s - 1.5 f)``: evidence for another type moves
        the confidence towards 0.5, but not below. The lead is how much better the class explains the cell than any
        other, given the neighbourhood; d is the lead where it is negative, at least -4, and 0 elsewhere. s is the
        amount by which the second type is smaller, see
        :func:`~spatialcore.annotation.spillover.second_type.smaller_by`; f is the foreign share. The result is
        ``.3 + 1.2 z + .3 log(n / 150)`` with the cell's counts n. Cells without counts keep their confidence.

        Parameters
        ----------
        confidence
            Of the best class of the linear model, one value per cell.
        """
        if self.estimates is None or self.second is None:
            return confidence
        rows, cells = self.cells.rows, self.cells
        before = _logit(confidence[rows])
        behind = np.clip(self.estimates.lead[rows].astype(np.float64), MIN_LEAD, 0.0)
        counts = np.clip(np.log(cells.totals[rows] / TYPICAL_COUNTS), -COUNTS_LIMIT, COUNTS_LIMIT)
        loss = SMALLER_RATE * smaller_by(self.second, cells.best[rows], cells.type_sizes)
        loss += FOREIGN_RATE * self.estimates.foreign[rows] - DOUBT_RATE * behind
        logits = INTERCEPT + SLOPE * np.where(before > 0, before * np.exp(-loss), before)
        result = confidence.copy()
        result[rows] = expit(logits + COUNTS_SLOPE * counts)
        return result

    def without_tables(self) -> "SpillOver":
        """Return the estimates without neighbours and class probabilities, which only purified counts need further."""
        return replace(self, cells=replace(self.cells, stored=None), neighbours=self.neighbours.without_cells())

    def describe(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """Return the figures of the section for the run manifest."""
        totals = self.cells.totals / max(1.0, float(self.cells.totals.sum()))
        estimates = self.estimates
        return {
            "available": True,
            "detected": estimates is not None,
            "z": round(self.fit.z, 2),
            "foreign_share": round(float(totals @ estimates.foreign), 4) if estimates else 0.0,
            "foreign_share_null": round(float(totals @ estimates.null), 4) if estimates else 0.0,
            "ambient_share": self.fit.ambient,
            "nearest_distance": round(self.neighbours.distance, 3),
            "unit": self.neighbours.unit,
            "n_groups": self.neighbours.n_groups,
            "warning": self.neighbours.warning,
            "received": {name: _largest(estimates.received[k], classes) for k, name in enumerate(classes)}
            if estimates
            else {},
        }


def _logit(probability: npt.NDArray[np.floating]) -> Floats:
    lowest = expit(-LOGIT_LIMIT)
    result: Floats = logit(np.clip(probability.astype(np.float64), lowest, 1 - lowest))
    return result


def _largest(received: Floats, classes: tuple[str, ...]) -> dict[str, float]:
    return {classes[j]: round(float(received[j]), 1) for j in np.argsort(-received, kind="stable") if received[j] >= 1}


def why_unavailable(adata: AnnData, model: CellTypingModel, query: Expression) -> str:
    """Return why spill-over cannot be estimated; empty text if it can."""
    if model.profiles is None:
        return "the model has no class profiles: train it with trainer='logistic'"
    if (model.metadata.get("platform") or {}).get("matched_to") != "query":
        return "the model is not matched to the platform of a query: train it with query="
    if query.kind not in ("counts", "recoverable"):
        return "the data have no counts"
    if query.n_obs < MIN_CELLS:
        return f"{query.n_obs} cells are too few, expected {MIN_CELLS}"
    return unusable_coordinates(adata)


def estimate_spill_over(
    adata: AnnData, model: CellTypingModel, query: Expression, places: Places | None = None
) -> SpillOver | None:
    """Estimate spill-over in data that allow it, see :func:`why_unavailable`.

    Parameters
    ----------
    adata, query
        The cells, and their expression on the genes of the model.
    model
        Matched to the platform of the cells.
    places
        Of the cells, if they are known.

    Returns
    -------
    SpillOver
        ``None`` where fewer than 100 cells have counts and neighbours.
    """
    if model.profiles is None:
        raise TypeError("this model has no class profiles")
    cells = Cells.of(model, query)
    neighbours = neighbourhoods_of(adata, cells.totals, places)
    if neighbours.has_any[cells.rows].sum() < MIN_CELLS:
        return None
    ambient, background = model.ambient_share, model.background
    genes = query.genes.model
    ambient_profile = cells.background if background is None else background[genes] / background[genes].sum()
    profiles = model.profiles[:, genes] / model.profiles[:, genes].sum(axis=1, keepdims=True)
    fit = fit_section(cells, neighbours, without_ambient(profiles, ambient, ambient_profile), ambient)
    if not fit.is_detected:
        return SpillOver(cells, neighbours, fit)
    estimates = estimate_cells(cells, neighbours, fit)
    return SpillOver(cells, neighbours, fit, estimates, _second_types(cells, neighbours, fit))


def _second_types(cells: Cells, neighbours: Neighbourhoods, fit: SectionFit) -> SecondTypes:
    parts = []
    for rows in blocks(cells.rows):
        composition = neighbours.composition(cells.probabilities, rows)
        parts.append(find_second_types(cells.query.counts(rows), cells.best[rows], fit.profiles, composition))
    return SecondTypes(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("classes", "shares")))
