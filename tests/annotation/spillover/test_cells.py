"""Class probabilities and totals of all cells, and permutations within classes."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from spatialcore.annotation.query import open_query
from spatialcore.annotation.spillover.cells import PRIOR_CELLS, Cells
from tests.annotation.spillover.conftest import Example


def test_the_most_probable_class_is_the_call(spilled: Example) -> None:
    from spatialcore.annotation.annotate import annotate_celltypist

    called = annotate_celltypist(spilled.section, custom_model_path=spilled.path, copy=True)
    best = np.array(spilled.model.classes)[spilled.cells.best]
    assert (best == called.obs["cell_type_predicted"].astype(str)).all()


def test_cells_without_counts_are_left_out(spilled: Example) -> None:
    adata = spilled.section.copy()
    counts = adata.X.tolil()
    counts[4] = 0
    adata.X = sparse.csr_matrix(counts)
    cells = Cells.of(spilled.model, open_query(adata, spilled.model.genes))
    assert 4 not in cells.rows
    assert len(cells.rows) == adata.n_obs - 1
    assert (cells.probabilities[4] == 0).all()


def test_partners_are_a_permutation_within_each_class(spilled: Example) -> None:
    cells = spilled.cells
    partners, best = cells.partners(0), cells.best
    np.testing.assert_array_equal(np.sort(partners), np.arange(len(best)))
    np.testing.assert_array_equal(best[partners], best)
    assert (partners != np.arange(len(best))).mean() > 0.9
    np.testing.assert_array_equal(partners, cells.partners(0))


def test_background_is_the_mean_profile(spilled: Example) -> None:
    order = spilled.section.var_names.get_indexer(list(spilled.model.genes))
    sums = np.asarray(spilled.section.X.sum(axis=0)).ravel()[order]
    np.testing.assert_allclose(spilled.cells.background, sums / sums.sum(), rtol=0.05, atol=1e-3)


def test_probabilities_of_some_cells_are_those_of_the_whole_table(spilled: Example) -> None:
    cells, rows = spilled.cells, np.array([0, 7, 8, 300, 699])
    large = replace(cells, stored=None)
    np.testing.assert_array_equal(cells.probabilities_of(rows), cells.probabilities[rows])
    np.testing.assert_allclose(large.probabilities_of(rows), cells.probabilities[rows], rtol=1e-6)
    assert large.probabilities.dtype == np.float16
    np.testing.assert_allclose(large.probabilities, cells.probabilities, rtol=5e-4, atol=3e-8)
    np.testing.assert_allclose(cells.probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(cells.probabilities.argmax(axis=1), cells.best)


def test_sizes_of_types_are_their_typical_counts(spilled: Example) -> None:
    cells = spilled.cells
    logs, probabilities = np.log(cells.totals[cells.rows]), cells.probabilities[cells.rows]
    expected = [np.exp(np.average(logs, weights=of_class)) for of_class in probabilities.T]
    np.testing.assert_allclose(cells.type_sizes, expected, rtol=0.1)


def test_sizes_of_rare_types_are_shrunk_towards_the_mean(spilled: Example) -> None:
    cells = spilled.cells
    logs, weights = np.log(cells.totals[cells.rows]), cells.probabilities[cells.rows].astype(np.float64)
    sums = weights.T @ logs + PRIOR_CELLS * np.median(logs)
    np.testing.assert_allclose(cells.type_sizes, np.exp(sums / (weights.sum(axis=0) + PRIOR_CELLS)), rtol=1e-4)
