"""Selected cells keep what is recorded of them, and class profiles are those of the selection."""

import numpy as np
from scipy import sparse

from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.estimate import class_profiles

COUNTS = sparse.csr_matrix(np.array([[3.0, 1.0], [0.0, 2.0], [5.0, 5.0], [1.0, 0.0]], dtype=np.float32))


def test_a_selection_of_cells() -> None:
    codes, donors = np.array([0, 1, 1, 2]), np.array([7, 8, 8, 9])
    cells = LabelledCounts(COUNTS, codes, 3, [donors], np.array([False, True, False, True]))
    for rows in (np.array([1, 1, 3]), np.array([False, True, False, True])):
        part = cells.rows(rows)
        np.testing.assert_array_equal(part.counts.toarray(), COUNTS.toarray()[rows])
        assert (part.codes.tolist(), part.n_classes) == (codes[rows].tolist(), 3)
        assert [group.tolist() for group in part.groups] == [donors[rows].tolist()]
        assert part.drawn.tolist() == cells.drawn[rows].tolist()


def test_profiles_of_a_selection_lack_the_other_cells() -> None:
    cells = LabelledCounts.of(COUNTS, np.array([0, 1, 1, 0]), 2)
    rows = np.array([0, 1])
    np.testing.assert_array_equal(cells.profiles, class_profiles(COUNTS, cells.codes, 2))
    np.testing.assert_array_equal(cells.rows(rows).profiles, class_profiles(COUNTS[rows], cells.codes[rows], 2))


def test_measured_cells_of_unknown_donors() -> None:
    cells = LabelledCounts.of(COUNTS, np.array([0, 1, 1, 0]), 2)
    assert list(cells.groups) == []
    assert cells.drawn.tolist() == [False] * 4
