"""The mixture is that of scikit-learn."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from spatialcore.plotting.mixture import Mixture, fit_mixture


@pytest.mark.parametrize("seed", range(5))
def test_means_and_classes_equal_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.concatenate([np.zeros(300), rng.normal(1, 0.4, 500), rng.normal(3, 0.8, 400)])
    start = Mixture(np.array([0.3, 0.3, 0.4]), np.array([0.0, 1.0, 2.5]), np.array([0.01, 0.2, 0.5]))
    expected = GaussianMixture(
        3,
        reg_covar=1e-4,
        max_iter=200,
        weights_init=start.weights,
        means_init=start.means[:, None],
        precisions_init=(1 / start.variances)[:, None, None],
    ).fit(values[:, None])
    actual = fit_mixture(values, start, added_variance=1e-4)
    np.testing.assert_allclose(actual.means, expected.means_.ravel(), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(actual.weights, expected.weights_, rtol=1e-6)
    np.testing.assert_allclose(actual.variances, expected.covariances_.ravel(), rtol=1e-6)
    np.testing.assert_array_equal(actual.predict(values), expected.predict(values[:, None]))
