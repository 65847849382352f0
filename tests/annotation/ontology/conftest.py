"""Fixtures with labelled data."""

from collections.abc import Callable

import pytest
from anndata import AnnData

from tests.cells import cells_with


@pytest.fixture
def labelled() -> Callable[..., AnnData]:
    """Return a function that creates a data set with one cell per label; keywords are further columns."""

    def make(labels: list[object], **columns: list[object]) -> AnnData:
        return cells_with(label=labels, **columns)

    return make
