"""Contributions of genes, compared with the decision function of scikit-learn and CellTypist's scaling."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from spatialcore.annotation.explain.contributions import class_rows, contributions, roles
from spatialcore.annotation.model.linear import Standardized


@pytest.mark.parametrize("n_classes", [2, 5])
def test_contributions_sum_to_the_lead_of_the_decision_function(n_classes, rng):
    values = np.log1p(rng.poisson(1.0, (200, 12)) * rng.uniform(1, 40, (200, 1)))
    values[0, 3] = 400.0  # far above the limit of ten standard deviations
    scaler = StandardScaler().fit(values[1:])
    scaled = np.minimum(scaler.transform(values), 10)
    classifier = LogisticRegression().fit(scaled, np.arange(200) % n_classes)
    decision = classifier.decision_function(scaled)
    scores = np.column_stack([-decision, decision]) if n_classes == 2 else decision
    top = np.sort(scores, axis=1)
    parts = contributions(Standardized.from_estimator(classifier, scaler), sparse.csr_matrix(values))
    np.testing.assert_array_equal(parts.best, scores.argmax(axis=1))
    np.testing.assert_allclose(parts.lead, top[:, -1] - top[:, -2], atol=1e-9)
    np.testing.assert_allclose(parts.values.sum(axis=1) + parts.intercept, parts.lead, atol=1e-9)


def test_genes_that_the_query_lacks_add_nothing():
    linear = Standardized(np.array([[1.0, 5.0], [0.0, -5.0], [-1.0, 0.0]]), np.zeros(3), np.ones(2), np.ones(2))
    parts = contributions(linear, sparse.csr_matrix([[3.0]]), np.array([0]))
    assert parts.values.tolist() == [[2.0]]
    assert parts.lead.tolist() == [2.0]


def test_two_classes_have_two_rows():
    coef, intercept = class_rows(Standardized(np.array([[1.0, -2.0]]), np.array([0.5]), np.zeros(2), np.ones(2)))
    assert coef.tolist() == [[-1.0, 2.0], [1.0, -2.0]]
    assert intercept.tolist() == [-0.5, 0.5]


def test_the_sign_of_a_contribution_follows_from_its_role(rng):
    weights, values = rng.normal(size=(2, 50))
    supports_call = np.isin(roles(weights, values), ["expressed", "absent"])
    np.testing.assert_array_equal(supports_call, weights * values > 0)
