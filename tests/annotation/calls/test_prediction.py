"""Calls in blocks, compared with CellTypist's scores of all cells."""

from pathlib import Path

import celltypist
import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse
from scipy.special import softmax

from spatialcore.annotation.calls import prediction as module
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.calls.prediction import NO_CALL, Prediction, PredictionBuffer, Predictor, join, predict
from spatialcore.annotation.choices import ConfidenceMethod
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.query import open_query
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import ModelError, NormalizationError

Simulated = tuple[AnnData, AnnData, np.ndarray]
NAMES = ("best", "confidence", "probability", "path", "scores")


def predicted(path: Path, adata: AnnData, method: ConfidenceMethod = "raw", rows: int | None = None) -> Prediction:
    model = load_model(path)
    query = open_query(adata, model.genes)
    return predict(Predictor.build(model, query.kind, query.genes, method, keep_scores=True), query, rows)


@pytest.mark.parametrize("fixture", ["trained", "recipe"])
def test_scores_and_probabilities_are_those_of_celltypist(
    fixture: str, simulated: Simulated, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(fixture)
    model = load_model(path)
    X = log1p_normalize(sparse.csr_matrix(simulated[1].X), model.target_sum)
    stock = celltypist.annotate(AnnData(X, simulated[1].obs.copy(), simulated[1].var.copy()), model=str(path))
    ours = predicted(path, simulated[1])
    np.testing.assert_allclose(ours.scores, stock.decision_matrix.to_numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ours.probability, stock.probability_matrix.to_numpy().max(axis=1), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(ours.confidence, ours.probability)


@pytest.mark.parametrize("rows", [1, 7, 250])
def test_blocks_do_not_change_the_calls(
    rows: int, simulated: Simulated, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = simulated[1][:300]
    full = predicted(trained, query, "calibrated")
    monkeypatch.setattr(module, "CELLS_AT_ONCE", 100)
    part = predicted(trained, query, "calibrated", rows)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(part, name), getattr(full, name))


def test_a_cell_without_counts_has_no_call(simulated: Simulated, trained: Path) -> None:
    query = simulated[1][:20].copy()
    X = sparse.lil_matrix(query.X)
    X[3] = 0
    query.X = X.tocsr()
    result = predicted(trained, query, "calibrated")
    assert np.flatnonzero(result.best == NO_CALL).tolist() == [3]
    assert result.confidence[3] == result.probability[3] == 0


def test_values_that_cannot_be_expression_are_refused(simulated: Simulated, trained: Path) -> None:
    model = load_model(trained)
    query = open_query(simulated[1], model.genes)
    predictor = Predictor.build(model, query.kind, query.genes, "raw", keep_scores=False)
    with pytest.raises(NormalizationError, match="1 negative"):
        predictor(sparse.csr_matrix(np.array([[-1.0] + [1.0] * 79])))


def test_calibrated_confidence_needs_a_calibration(simulated: Simulated, recipe: Path) -> None:
    with pytest.raises(ModelError, match="no calibration"):
        predicted(recipe, simulated[1], "calibrated")


def test_parts_are_joined_in_order() -> None:
    parts = [
        Prediction(
            np.array([k]),
            np.array([k / 10]),
            np.array([k / 5]),
            np.array([k], np.int32),
            np.full((1, 2), k),
            np.full((1, 3), k),
        )
        for k in range(3)
    ]
    buffer = PredictionBuffer(3)
    for first, part in enumerate(parts):
        buffer.put(first, part)
    for result in (join(parts), buffer.whole()):
        assert result.best.tolist() == [0, 1, 2]
        assert result.confidence.tolist() == [0, 0.1, 0.2]
        assert result.group.tolist() == [0, 1, 2]
        assert result.path.tolist() == [[0, 0], [1, 1], [2, 2]]
        assert result.scores.shape == (3, 3)


def test_what_the_class_lacks_is_mostly_its_siblings(simulated: Simulated, trained: Path) -> None:
    model = load_model(trained)
    ids = ("CL:0000624", "CL:0000625", *["CL:0000236", "CL:0000057", "CL:0000066"] * 9)[: len(model.classes)]
    tree = ClassTree.build(model.classes, dict(zip(model.classes, ids, strict=True)))
    query = open_query(simulated[1], model.genes)
    predictor = Predictor.build(model, query.kind, query.genes, "raw", keep_scores=True, tree=tree)
    calls = predict(predictor, query)
    squares = softmax(2 * calls.scores / (model.calibration.temperature if model.calibration else 1.0), axis=1)
    sibling = (calls.best == 0) & (calls.path[:, 1] < 1)
    rest = squares[sibling, 1:].sum(axis=1)
    expected = calls.confidence[sibling] + (1 - calls.confidence[sibling]) * squares[sibling, 1] / rest
    assert sibling.any()
    np.testing.assert_allclose(calls.path[sibling, 1], expected, rtol=1e-6)
