"""Groups of a query's cells as a model with some of its classes sees them."""

from dataclasses import replace

import numpy as np
import pytest

from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.model.calibration import log_probability
from spatialcore.annotation.unknown.query_sample import QuerySample
from tests.annotation.unknown.conftest import UNSEEN, SisterQuery


def test_features_by_their_definition(sister_sample: QuerySample) -> None:
    sample = sister_sample
    groups = sample.groups(np.arange(UNSEEN))
    logs_of_cells = log_probability(sample.auxiliary, sample.scores.argmax(axis=1)).clip(-8)
    medians = []
    for j in np.flatnonzero(np.bincount(groups.group) >= 10):
        cells = groups.group == j
        shares = np.asarray(sample.counts[cells].sum(axis=0), dtype=float).ravel()
        logs = np.log([shares / shares.sum() + 0.1 / 120, sample.reference[groups.best[j]] + 0.1 / 120])
        medians.append(np.corrcoef(logs)[0, 1] - groups.features[j, 0])
        assert groups.features[j, 1] == pytest.approx(logs_of_cells[cells].mean())
    assert len(medians) > 5
    np.testing.assert_allclose(medians, medians[0])
    assert all(0.0 in groups.features[:, i] for i in (0, 2, 3))  # of the median group


def test_an_unseen_type_differs_in_every_feature(sister_query: SisterQuery, sister_sample: QuerySample) -> None:
    groups = sister_sample.groups(np.arange(UNSEEN))
    unseen = groups.sums((sister_query[2] == UNSEEN).astype(float)) / groups.sums(np.ones(len(groups.group)))
    new, known = (groups.features[chosen].mean(axis=0) for chosen in (unseen > 0.5, unseen < 0.1))
    assert (new < known).all()


def test_a_class_that_is_hidden_gets_no_cells(sister_sample: QuerySample) -> None:
    without = sister_sample.groups(np.array([0, 1, 3, 4]))
    assert set(without.best) <= {0, 1, 3, 4}
    moved = sister_sample.scores.argmax(axis=1) == 2
    for i in range(4):
        features = without.features[without.group, i]
        assert features[moved].mean() < features[~moved].mean()


def test_a_model_that_is_not_matched_has_no_sample(sister_query: SisterQuery, sister_sample: QuerySample) -> None:
    model, s = replace(load_model(sister_query[0]), reference_profiles=None), sister_sample
    genes = np.arange(len(model.genes))
    assert QuerySample.of(model, genes, s.counts, s.cluster, s.scores, s.auxiliary, s.confidence) is None
