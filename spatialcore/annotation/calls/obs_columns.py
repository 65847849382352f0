"""From the predictions of one model or several to the columns of obs."""

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.calls.levels import ClassTree, finest_term
from spatialcore.annotation.calls.prediction import Prediction
from spatialcore.annotation.calls.voting import HETEROGENEOUS, majority_vote
from spatialcore.annotation.model.artifact import CellTypingModel
from spatialcore.annotation.model.reference_fit import ReferenceFit
from spatialcore.annotation.query import Expression
from spatialcore.core.categories import named
from spatialcore.core.types import Codes, Floats
from spatialcore.core.validation import takes_adata


@dataclass(frozen=True)
class Run:
    """One model on the query.

    Parameters
    ----------
    fit
        How well the class profiles of the model describe the cells, where that was measured.
    unseen_score
        How much each cell looks like a cell of an unseen type, where that is known.
    """

    model: CellTypingModel
    query: Expression
    prediction: Prediction
    tree: ClassTree | None
    fit: ReferenceFit | None = None
    unseen_score: npt.NDArray[np.float32] | None = None

    def class_table(self) -> pd.DataFrame:
        """Return id and label of every name that a call can have: the classes, then the terms above them."""
        names, ids, labels = list(self.model.classes), self.model.ontology_ids, self.model.ontology_names
        table = {"id": [ids.get(name, "") for name in names], "label": [labels[name] for name in names]}
        if self.tree is not None:
            above = slice(self.tree.n_classes, None)
            names += self.tree.names[above]
            table = {
                "id": [*table["id"], *self.tree.ids[above]],
                "label": [*table["label"], *self.tree.names[above]],
            }
        return pd.DataFrame(table, index=names)


@dataclass(frozen=True)
class Calls:
    """The calls of all cells, as codes into one table of names.

    Parameters
    ----------
    best
        Each cell's best class, -1 for a cell without counts.
    called
        Each cell's call: the same, or a term above it.
    """

    table: pd.DataFrame
    best: Codes
    called: Codes
    confidence: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]


def most_confident(runs: list[Run]) -> Calls:
    """Take each cell's call from the model with the highest probability; ties go to the first."""
    tables = [run.class_table() for run in runs]
    starts = np.cumsum([0, *(len(table) for table in tables)])
    table = pd.concat(tables)
    return reduce(_surer, (_calls(run, table, int(start)) for run, start in zip(runs, starts, strict=False)))


def _calls(run: Run, table: pd.DataFrame, start: int) -> Calls:
    prediction = run.prediction
    best = (
        prediction.best
        if start == 0
        else np.where(prediction.best < 0, prediction.best, prediction.best + np.int32(start))
    )
    return Calls(table, best, best, prediction.confidence, prediction.probability)


def at_finest_term(calls: Calls, tree: ClassTree, path: Floats, threshold: float) -> Calls:
    """Set each call to the finest term that reaches the threshold; a cell without such a term keeps its class."""
    rows = np.arange(len(calls.best))
    position = finest_term(tree, calls.best, path, threshold)
    called = np.where(position > 0, tree.paths[calls.best, position], calls.best).astype(np.int32)
    confidence = np.where(position > 0, path[rows, position], calls.confidence)
    return replace(calls, called=called, confidence=confidence)


def _surer(one: Calls, other: Calls) -> Calls:
    surer = other.probability > one.probability
    names = ("best", "called", "confidence", "probability")
    return Calls(one.table, *(np.where(surer, getattr(other, name), getattr(one, name)) for name in names))


def voted(calls: Calls, clusters: "pd.Series[Any]", min_prop: float) -> Calls:
    """Give every cell the call of its cluster."""
    names = np.append(calls.table.index.to_numpy(dtype=object), columns.UNASSIGNED)[calls.called]
    table = pd.concat([calls.table, pd.DataFrame({"id": "", "label": ""}, index=[HETEROGENEOUS])])
    first = np.flatnonzero(~table.index.duplicated())
    positions = table.index[first].get_indexer(pd.Index(majority_vote(names, clusters, min_prop)))
    return replace(calls, table=table, called=np.where(positions < 0, -1, first[positions]).astype(np.int32))


@takes_adata
def write_calls(adata: AnnData, calls: Calls, min_confidence: float) -> None:
    """Write the columns of obs; calls below `min_confidence` and cells without counts become "Unassigned"."""
    empty = calls.best < 0
    low = ~empty & ~(calls.confidence >= min_confidence)
    names, none = calls.table.index, np.int32(-1)
    adata.obs[columns.CELL_TYPE] = named(np.where(low | empty, none, calls.called), names, columns.UNASSIGNED)
    adata.obs[columns.PREDICTED] = named(calls.best, names, columns.UNASSIGNED)
    adata.obs[columns.CONFIDENCE] = calls.confidence
    adata.obs[columns.CONFIDENCE_RAW] = calls.probability
    adata.obs[columns.ONTOLOGY_ID] = named(calls.called, calls.table["id"], "")
    adata.obs[columns.ONTOLOGY_LABEL] = named(calls.called, calls.table["label"], "")
    reasons = (columns.REASON_NO_COUNTS, columns.REASON_LOW_CONFIDENCE)
    why = np.where(low, np.int8(1), np.where(empty, np.int8(0), np.int8(-1)))
    adata.obs[columns.UNASSIGNED_REASON] = named(why, reasons, "")
