"""Data sets of labels."""

from collections.abc import Callable

import pytest
from anndata import AnnData

from tests.cells import cells_with


@pytest.fixture
def labelled() -> Callable[..., AnnData]:
    """Return a function that creates data sets: one cell per label, further columns as keywords."""

    def make(labels: list[object], **columns: list[object]) -> AnnData:
        return cells_with(label=labels, **columns)

    return make
