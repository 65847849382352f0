"""Class probabilities and totals of all cells, and permutations within classes."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from spatialcore.annotation.query import open_query
from spatialcore.annotation.spillover.cells import Cells
from tests.annotation.spillover.conftest import Example


def test_probabilities_call_what_the_model_calls(spilled: Example) -> None:
    from spatialcore.annotation.annotate import annotate_celltypist

    called = annotate_celltypist(spilled.section, custom_model_path=spilled.path, copy=True)
    best = np.array(spilled.model.classes)[spilled.cells.probabilities.argmax(axis=1)]
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
    partners, best = cells.partners(0), cells.probabilities.argmax(axis=1)
    np.testing.assert_array_equal(np.sort(partners), np.arange(len(best)))
    np.testing.assert_array_equal(best[partners], best)
    assert (partners != np.arange(len(best))).mean() > 0.9
    np.testing.assert_array_equal(partners, cells.partners(0))


def test_background_is_the_mean_profile(spilled: Example) -> None:
    order = spilled.section.var_names.get_indexer(list(spilled.model.genes))
    sums = np.asarray(spilled.section.X.sum(axis=0)).ravel()[order]
    np.testing.assert_allclose(spilled.cells.background, sums / sums.sum(), rtol=0.05, atol=1e-3)


def test_sizes_of_types_are_their_typical_counts(spilled: Example) -> None:
    cells = spilled.cells
    rows, best = cells.rows, cells.probabilities[cells.rows].argmax(axis=1)
    expected = [np.exp(np.log(cells.totals[rows[best == k]]).mean()) for k in range(cells.probabilities.shape[1])]
    np.testing.assert_allclose(cells.type_sizes, expected, rtol=0.1)
    none = np.zeros_like(cells.probabilities)
    alone = replace(cells, probabilities=none).type_sizes
    np.testing.assert_allclose(alone, np.median(cells.totals[rows]), rtol=1e-4)
