"""References with known content."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from spatialcore.core.normalization import log1p_normalize

GENES = [f"GENE{i}" for i in range(30)]
LABELS = ["B cell"] * 60 + ["T cell"] * 50 + ["NK cell"] * 30 + ["mast cell"] * 4 + ["doublet"] * 5 + ["Unknown"] * 7


def make_reference(
    seed: int = 0, labels: Sequence[Any] = LABELS, genes: Sequence[str] = GENES, state: str = "raw"
) -> ad.AnnData:
    """Return cells x genes with known counts (layer "truth"), in one of several states."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(0.6, 2, len(genes)) + 0.1, (len(labels), len(genes))).astype(np.float32)
    counts[:, :2] = 1  # each cell has one count of a gene
    X = sp.csr_matrix(counts)
    if state != "raw":
        X = log1p_normalize(X, {"log1p_10k": 1e4, "log1p_cpm": 1e6, "log1p_other": 3_000}[state])
    names = [f"cell{i}" for i in range(len(labels))]
    obs = pd.DataFrame({"cell_type": labels if isinstance(labels, pd.Categorical) else list(labels)}, index=names)
    adata = ad.AnnData(X, obs, pd.DataFrame(index=pd.Index(genes, dtype=object)))
    adata.uns["truth"] = counts
    return adata


Write = Callable[..., Path]
