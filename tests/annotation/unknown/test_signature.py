"""How much of its class's signature a group of cells shows."""

import numpy as np
import pytest

from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.unknown.signature import signatures, term_slopes

N_GENES, N_CLASSES = 200, 6


@pytest.fixture
def reference() -> np.ndarray:
    shares = np.random.default_rng(3).lognormal(0, 1.5, (N_CLASSES, N_GENES))
    return shares / shares.sum(axis=1, keepdims=True)


def of(shares: np.ndarray, best: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shares = shares / shares.sum(axis=1, keepdims=True)
    cells = np.full(len(best), 50.0)
    result = signatures(shares, best, cells, cells, reference)
    return result.slope, result.markers


def test_both_are_one_for_the_reference_itself(reference: np.ndarray) -> None:
    slope, markers = of(reference, np.arange(N_CLASSES), reference)
    np.testing.assert_allclose(slope, 1.0, atol=1e-6)
    np.testing.assert_allclose(markers, 1.0, atol=1e-6)


def test_gene_efficiencies_change_little(reference: np.ndarray) -> None:
    efficiency = np.random.default_rng(4).lognormal(0, 0.8, N_GENES)
    slope, markers = of(reference * efficiency, np.arange(N_CLASSES), reference)
    assert np.abs(slope - 1).max() < 0.15
    assert np.abs(markers - 1).max() < 0.25


def test_the_slope_is_that_of_a_regression(reference: np.ndarray) -> None:
    rng = np.random.default_rng(5)
    shares = reference * rng.lognormal(0, 0.5, reference.shape)
    shares /= shares.sum(axis=1, keepdims=True)
    slope = of(shares, np.arange(N_CLASSES), reference)[0]
    found, known = np.log(shares + 0.1 / N_GENES), np.log(reference + 0.1 / N_GENES)
    for k in range(N_CLASSES):
        others = np.arange(N_CLASSES) != k
        x, y = known[k] - known[others].mean(axis=0), found[k] - found[others].mean(axis=0)
        assert slope[k] == pytest.approx(np.polyfit(x, y, 1)[0])


def test_cells_of_an_unseen_type_show_less(reference: np.ndarray) -> None:
    rng = np.random.default_rng(6)
    unseen = np.sqrt(reference[2] * rng.permutation(reference[3]))
    best = np.append(np.arange(N_CLASSES), 2)
    for values in of(np.vstack([reference, unseen / unseen.sum()]), best, reference):
        assert values[-1] < 0.8
        assert (values[[0, 1, 3, 4, 5]] > 0.9).all()


def test_one_class_alone_has_values(reference: np.ndarray) -> None:
    for values in of(reference[:1], np.array([0]), reference):
        assert np.isfinite(values).all()


def test_a_hidden_sister_shows_the_signature_of_the_term_above(reference: np.ndarray) -> None:
    lineage = np.random.default_rng(8).lognormal(0, 1.5, N_GENES)
    shares = np.vstack([reference[:4], reference[4:] * lineage, reference[0] * lineage])
    shares /= shares.sum(axis=1, keepdims=True)
    known, sister = shares[:N_CLASSES], shares[N_CLASSES:]
    ids = ("CL:0000066", "CL:0000115", "CL:0002320", "CL:0000540", "CL:0000624", "CL:0000625")
    names = tuple("abcdef")
    tree = ClassTree.build(names, dict(zip(names, ids, strict=True)))
    cells = np.full(N_CLASSES + 1, 50.0)
    best = np.append(np.arange(N_CLASSES), 4)
    slopes = term_slopes(np.vstack([known, sister]), best, cells, cells, known, tree)
    assert slopes.shape == (N_CLASSES + 1, tree.paths.shape[1])
    np.testing.assert_array_equal(np.isnan(slopes), tree.paths[best] < 0)
    parent = 1  # T cells
    assert slopes[-1, 0] < 0.6
    assert slopes[-1, parent] > slopes[-1, 0] + 0.15
    others = signatures(np.vstack([known, sister]), best, cells, cells, known)
    np.testing.assert_allclose(slopes[:4, 0], others.slope[:4])
