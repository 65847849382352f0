"""The transforms, compared with their formulas."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from spatialcore.annotation.calls.confidence import transform_confidence
from spatialcore.errors import InputError


def test_zscore_follows_the_specification(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(50, 7)) + 1e4
    expected = expit((scores.max(axis=1) - scores.mean(axis=1)) / scores.std(axis=1, ddof=0))
    np.testing.assert_allclose(transform_confidence(scores), expected)


@pytest.mark.parametrize("n_classes", [2, 5, 30])
def test_zscore_cannot_exceed_its_bound(n_classes: int) -> None:
    scores = np.zeros((1, n_classes))
    scores[0, 0] = 1e6
    assert transform_confidence(scores)[0] == pytest.approx(expit(np.sqrt(n_classes - 1)))


def test_other_transforms(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(20, 4)) * 3
    np.testing.assert_allclose(transform_confidence(scores, "softmax"), softmax(scores, axis=1).max(axis=1))
    np.testing.assert_allclose(transform_confidence(scores, "raw"), expit(scores.max(axis=1)))
    ranked = np.sort(scores, axis=1)
    expected = (ranked[:, -1] - ranked[:, -2]) / (ranked[:, -1] - ranked[:, 0])
    np.testing.assert_allclose(transform_confidence(scores, "minmax"), expected)


@pytest.mark.parametrize("method", ["zscore", "softmax", "minmax", "raw"])
def test_unusual_rows(method: str) -> None:
    result = transform_confidence([[1.0, 1.0, 1.0], [np.nan, 0.0, 1.0]], method)
    assert ((result >= 0) & (result <= 1)).all()
    assert result[1] == 0
    assert transform_confidence(np.zeros((0, 3)), method).shape == (0,)


def test_unsupported_input_is_an_error() -> None:
    with pytest.raises(InputError, match="unknown confidence method"):
        transform_confidence(np.zeros((2, 3)), "best")
    with pytest.raises(InputError, match="counts"):
        transform_confidence(np.zeros((2, 3)), "calibrated")
    with pytest.raises(InputError, match="shape"):
        transform_confidence(np.zeros(3))
