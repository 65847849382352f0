"""Sets of types with a stated coverage."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation import run_manifest
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls.level_columns import write_levels
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.calls.prediction_sets import (
    add_prediction_sets,
    cell_probabilities,
    smallest_sets,
    weigh_by_frequency,
)
from spatialcore.errors import InputError

SHARES = np.array(
    [
        [0.9, 0.06, 0.02, 0.02],
        [0.5, 0.45, 0.03, 0.02],
        [0.3, 0.05, 0.6, 0.05],
        [0.1, 0.1, 0.1, 0.7],
        [0.1, 0.8, 0.05, 0.05],
    ]
)
IDS = {"CD4": "CL:0000624", "CD8": "CL:0000625", "B": "CL:0000236", "own": ""}


@pytest.fixture
def cells() -> AnnData:
    """Return cells whose softmax is the shares above; the last has no counts."""
    tree = ClassTree.build(tuple(IDS), IDS)
    predicted = ["CD4", "CD4", "B", "own", "CD8", "Unassigned"]
    adata = AnnData(np.ones((6, 1)), pd.DataFrame({columns.PREDICTED: predicted}, index=list("abcdef")))
    adata.obsm[columns.DECISION_SCORES] = np.vstack([2 * np.log(SHARES), np.zeros(4)])
    path = np.zeros((6, tree.paths.shape[1]))
    path[:5, 0] = SHARES.max(axis=1)
    run_manifest.record(adata, model_card_json=json.dumps({"calibration": {"temperature": 2.0}}))
    write_levels(adata, tree, path, 0.5)
    return adata


def test_other_classes_share_the_rest_by_softmax_and_frequency(cells: AnnData) -> None:
    probabilities, called, _ = cell_probabilities(cells)
    assert called.tolist() == [True, True, True, True, True, False]
    frequency = np.array([0.9 + 0.5, 0.8, 0.6, 0.7]) / 3.5 + 0.02  # CD4, CD8, B, own
    best = SHARES.argmax(axis=1)
    others = ~np.eye(4, dtype=bool)[best]
    rest = SHARES**0.8 * others
    ratio = frequency[best] / ((rest @ frequency) / rest.sum(axis=1))
    odds = SHARES.max(axis=1) / (1 - SHARES.max(axis=1)) * ratio**0.25
    np.testing.assert_allclose(probabilities[:5].max(axis=1), odds / (1 + odds))
    rest *= frequency
    np.testing.assert_allclose(probabilities[:5] * others, rest / rest.sum(axis=1)[:, None] / (1 + odds)[:, None])
    assert not probabilities[5].any()


def test_the_other_classes_follow_bayes_theorem(rng: np.random.Generator) -> None:
    likelihood, frequency = rng.dirichlet(np.ones(4), 50), np.array([0.7, 0.2, 0.07, 0.03])
    posterior = likelihood * frequency / (likelihood @ frequency)[:, None]
    best = likelihood.argmax(axis=1)  # of a model trained with equal frequencies
    others = ~np.eye(4, dtype=bool)[best]
    weigh_by_frequency(likelihood, best, frequency)
    np.testing.assert_allclose(likelihood.sum(axis=1), 1)
    shares, expected = (table * others / (table * others).sum(axis=1)[:, None] for table in (likelihood, posterior))
    np.testing.assert_allclose(shares, expected)


def test_a_sure_cell_stays_sure() -> None:
    table = np.array([[1.0, 0.0], [0.0, 1.0]])
    weigh_by_frequency(table, np.array([0, 1]), np.array([0.9, 0.1]))
    assert table.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_the_called_class_is_in_the_set_though_another_is_more_frequent(cells: AnnData) -> None:
    cells.obsm[columns.PATH_CONFIDENCE][1, 0] = 0.05
    add_prediction_sets(cells, 0.15)
    assert cells.obs[columns.TERM_SET].iloc[1] == "CD4"


def test_the_sets_and_their_common_term(cells: AnnData) -> None:
    add_prediction_sets(cells, 0.84)
    assert cells.obs[columns.TERM_SET].tolist() == ["CD4", "CD4 | CD8", "B | CD4", "own", "CD8", ""]
    ancestors = ["CD4", "mature alpha-beta T cell", "lymphocyte", "own", "CD8", ""]
    assert cells.obs[columns.TERM_SET_ANCESTOR].tolist() == ancestors


def test_without_empty_sets_every_called_cell_has_its_best_class(cells: AnnData) -> None:
    assert add_prediction_sets(cells, 0.15, empty=True).obs[columns.TERM_SET].tolist() == ["CD4", "", "", "", "", ""]
    assert add_prediction_sets(cells, 0.15).obs[columns.TERM_SET].tolist() == ["CD4", "CD4", "B", "own", "CD8", ""]


def test_a_set_with_a_class_of_no_term_has_no_common_term(cells: AnnData) -> None:
    add_prediction_sets(cells, 1.0)
    assert cells.obs[columns.TERM_SET].iloc[3].startswith("own | ")
    assert cells.obs[columns.TERM_SET_ANCESTOR].iloc[3] == ""


def test_no_smaller_sets_have_the_coverage(rng: np.random.Generator) -> None:
    for coverage in (0.5, 0.8, 0.9, 0.99):
        shares = rng.dirichlet(np.full(4, 0.4), 30)
        sets = smallest_sets(shares, coverage)
        assert (shares * sets).sum() >= coverage * 30 - 1e-6
        for bound in np.unique(shares):  # every other bound has too little coverage or no fewer classes
            other = shares >= bound
            assert (shares * other).sum() < coverage * 30 - 1e-9 or other.sum() >= sets.sum()


def test_calibrated_probabilities_give_the_stated_coverage(rng: np.random.Generator) -> None:
    shares = rng.dirichlet([0.3, 0.3, 0.3, 0.3], 20_000)
    truth = (rng.random((20_000, 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(max=3)
    covered = smallest_sets(shares, 0.9)[np.arange(20_000), truth].mean()
    assert covered == pytest.approx(0.9, abs=0.01)


def test_without_probable_classes_nothing_is_covered() -> None:
    assert not smallest_sets(np.zeros((3, 2)), 0.9).any()


def test_uncalibrated_cells_are_refused(trained: Path, simulated: tuple[AnnData, ...]) -> None:
    adata = annotate_celltypist(simulated[1].copy(), custom_model_path=trained)
    with pytest.raises(InputError, match="no calibrated confidence"):
        add_prediction_sets(adata)
