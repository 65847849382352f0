"""Small AnnData objects with given columns of obs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData


def cells_with(**columns: Sequence[Any]) -> AnnData:
    """Return one cell per value, with these columns of obs and one gene without counts."""
    obs = pd.DataFrame(columns)
    obs.index = pd.Index([f"cell{i}" for i in range(len(obs))])
    return AnnData(np.zeros((len(obs), 1), dtype=np.float32), obs=obs)
