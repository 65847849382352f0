"""Small data sets of labels."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData


@pytest.fixture
def labelled() -> Callable[..., AnnData]:
    """Return a maker of data sets: one cell per label, further columns as keywords."""

    def make(labels: list[object], **columns: list[object]) -> AnnData:
        index = [f"cell{i}" for i in range(len(labels))]
        obs = pd.DataFrame({"label": labels, **columns}, index=index)
        return AnnData(np.zeros((len(labels), 1), dtype=np.float32), obs=obs)

    return make
