"""The overlap of two gene sets: its share of the smaller set, with at least ten genes."""

import pytest

from spatialcore.annotation.gene_overlap import is_enough, shared_pct


@pytest.mark.parametrize(
    ("shared", "panel", "other", "enough"),
    [
        (261, 1267, 500, True),
        (16, 33, 400, True),
        (9, 33, 400, False),
        (10, 400, 12, True),
        (99, 400, 4000, False),
        (100, 400, 4000, True),
        (3, 400, 3, False),
        (2, 2, 500, True),
        (0, 2, 500, False),
    ],
)
def test_the_share_is_of_the_smaller_set(shared: int, panel: int, other: int, enough: bool) -> None:
    assert is_enough(shared, panel, other, 25) is enough


def test_the_share_in_per_cent() -> None:
    assert shared_pct(261, 1267, 500) == pytest.approx(52.2)
