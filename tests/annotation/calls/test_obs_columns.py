"""Columns of obs from predictions given in the test."""

import numpy as np
import pandas as pd

from spatialcore import columns
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.calls.obs_columns import (
    Calls,
    Run,
    at_finest_term,
    most_confident,
    voted,
    write_calls,
)
from spatialcore.annotation.calls.prediction import Prediction
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.query import Expression
from tests.cells import cells_with

CD4, CD8, B = "CL:0000624", "CL:0000625", "CL:0000236"


def run_of(classes: dict[str, str], best: list[int], probability: list[float], *, tree: bool = False) -> Run:
    """Return the run of a model with these calls; the confidence is half the probability."""
    n = len(classes)
    linear = Standardized(np.zeros((n, 1)), np.zeros(n), np.zeros(1), np.ones(1))
    model = CellTypingModel(tuple(classes), ("G",), linear, ontology_ids=classes)
    values = np.array(probability)
    prediction = Prediction(
        np.array(best, np.int32),
        values / 2,
        values,
        np.zeros(len(best), np.float32),
        np.empty((len(best), 0)),
        np.empty((0, 0)),
    )
    query = Expression(np.zeros((len(best), 1)), "counts", "X", None, None)  # type: ignore[arg-type]  # not read
    return Run(model, query, prediction, ClassTree.build(tuple(classes), classes) if tree else None)


def test_the_class_table_has_the_classes_then_the_terms_above_them() -> None:
    table = run_of({"CD4": CD4, "CD8": CD8, "odd": ""}, [0], [1.0], tree=True).class_table()
    assert table.index.tolist() == ["CD4", "CD8", "odd", "mature alpha-beta T cell"]
    assert table["id"].tolist() == [CD4, CD8, "", "CL:0000791"]
    names = ["CD4-positive, alpha-beta T cell", "CD8-positive, alpha-beta T cell", "", "mature alpha-beta T cell"]
    assert table["label"].tolist() == names


def test_each_cell_gets_the_call_of_the_more_confident_model() -> None:
    one = run_of({"B": B, "T": CD4}, [0, 1, 1, -1], [0.9, 0.2, 0.5, 0.0])
    other = run_of({"NK": "", "B": B}, [0, 0, 1, -1], [0.3, 0.6, 0.5, 0.0])
    calls = most_confident([one, other])
    names = [*calls.table.index, "none"]
    assert [names[code] for code in calls.best] == ["B", "NK", "T", "none"]  # in ties, the first model
    assert calls.probability.tolist() == [0.9, 0.6, 0.5, 0.0]
    assert calls.confidence.tolist() == [0.45, 0.3, 0.25, 0.0]


def test_votes_replace_the_call_and_not_the_class() -> None:
    calls = most_confident([run_of({"B": B, "T": CD4}, [0, 0, 1, -1], [0.9] * 4)])
    majority = voted(calls, pd.Series(["x", "x", "x", "y"]), 0.6)
    names = [*majority.table.index, columns.UNASSIGNED]
    assert [names[code] for code in majority.called] == ["B", "B", "B", columns.UNASSIGNED]
    assert majority.best.tolist() == [0, 0, 1, -1]
    split = voted(calls, pd.Series(["x", "x", "x", "y"]), 0.7)
    assert [[*split.table.index, ""][code] for code in split.called][:3] == ["Heterogeneous"] * 3


def test_the_finest_term_above_the_threshold() -> None:
    run = run_of({"CD4": CD4, "CD8": CD8, "B": B}, [0, 0, 2, -1], [0.9, 0.9, 0.1, 0.0], tree=True)
    assert run.tree is not None
    path = np.array([[0.9, 0.95], [0.5, 0.85], [0.3, np.nan], [0.0, 0.0]])
    calls = at_finest_term(most_confident([run]), run.tree, path, 0.8)
    names = [*calls.table.index, columns.UNASSIGNED]
    assert [names[code] for code in calls.called] == ["CD4", "mature alpha-beta T cell", "B", columns.UNASSIGNED]
    assert calls.confidence.tolist() == [0.45, 0.85, 0.05, 0.0]  # a class keeps its confidence


def test_every_column_of_a_call() -> None:
    table = pd.DataFrame({"id": [B, ""], "label": ["B cell", ""]}, index=["B", "odd"])
    best = np.array([0, 1, 0, -1], dtype=np.int32)
    confidence = np.array([0.9, 0.8, np.nan, 0.0])
    adata = cells_with(x=range(4))
    write_calls(adata, Calls(table, best, best, confidence, np.full(4, 0.7)), 0.8)
    obs = adata.obs
    assert obs[columns.CELL_TYPE].tolist() == ["B", "odd", "Unassigned", "Unassigned"]
    assert obs[columns.PREDICTED].tolist() == ["B", "odd", "B", "Unassigned"]
    assert obs[columns.ONTOLOGY_ID].tolist() == [B, "", B, ""]
    assert obs[columns.ONTOLOGY_LABEL].tolist() == ["B cell", "", "B cell", ""]
    assert obs[columns.UNASSIGNED_REASON].tolist() == ["", "", "low_confidence", "no_counts"]
    assert obs[columns.CONFIDENCE_RAW].tolist() == [0.7] * 4
    np.testing.assert_array_equal(obs[columns.CONFIDENCE], confidence)
