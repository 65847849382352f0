"""Majority voting, compared with CellTypist's."""

import numpy as np
import pandas as pd
import pytest
from celltypist.classifier import AnnotationResult, Classifier

from spatialcore.annotation.calls.voting import HETEROGENEOUS, majority_vote, voting_clusters
from spatialcore.errors import InputError
from tests.cells import cells_with


@pytest.mark.parametrize("min_prop", [0.0, 0.4, 0.6])
def test_votes_equal_those_of_celltypist(min_prop: float, rng: np.random.Generator) -> None:
    names = np.array(["T cell", "B cell", "NK cell", "mast cell"], dtype=object)[rng.integers(0, 4, 200)]
    clusters = pd.Series(rng.integers(0, 12, 200).astype(str))
    table = pd.DataFrame({"predicted_labels": names})
    stock = Classifier.majority_vote(AnnotationResult(table, None, None, None), clusters.to_numpy(), min_prop)
    expected = stock.predicted_labels["majority_voting"].astype(str)
    assert (majority_vote(names, clusters, min_prop) == expected.to_numpy()).all()


def test_ties_and_cells_without_a_cluster() -> None:
    names = np.array(["T cell", "B cell", "T cell"], dtype=object)
    clusters = pd.Series(pd.Categorical(["a", "a", None]))
    assert majority_vote(names, clusters, 0.5).tolist() == ["B cell", "B cell", "T cell"]
    assert majority_vote(names, clusters, 0.51).tolist() == [HETEROGENEOUS, HETEROGENEOUS, "T cell"]


def test_clusters_are_a_column_of_obs() -> None:
    cells = cells_with(leiden=["0", "1"], mine=["a", "b"])
    assert voting_clusters(cells, None).tolist() == ["0", "1"]
    assert voting_clusters(cells, "mine").tolist() == ["a", "b"]
    with pytest.raises(InputError, match=r"requires a valid cluster column.*'louvain'"):
        voting_clusters(cells, "louvain")
