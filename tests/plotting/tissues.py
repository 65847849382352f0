"""Small annotated tissues whose right answers are known."""

import anndata as ad
import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

TYPES = ("B cell", "T cell", "fibroblast")
MARKERS = {
    "B cell": ["MS4A1", "CD79A", "CD19"],
    "T cell": ["CD3D", "CD3E", "TRAC"],
    "fibroblast": ["COL1A1", "DCN", "LUM"],
}
BACKGROUND = [f"GENE{i}" for i in range(21)]


def make_tissue(sizes=(200, 150, 60), *, seed=0, types=TYPES, markers=MARKERS):
    """Return cells of known types, each bright in its own markers, with calls, confidence and coordinates."""
    rng = np.random.default_rng(seed)
    genes = [gene for members in markers.values() for gene in members] + BACKGROUND
    labels = np.repeat(np.array(types), sizes)
    rates = np.full((labels.size, len(genes)), 0.3)
    for name, members in markers.items():
        rates[np.ix_(labels == name, [genes.index(gene) for gene in members])] = 6.0
    counts = rng.poisson(rates).astype(np.float32)
    obs = pd.DataFrame(
        {"cell_type": pd.Categorical(labels), "cell_type_confidence": rng.beta(8, 2, labels.size)},
        index=[f"cell{i}" for i in range(labels.size)],
    )
    adata = ad.AnnData(csr_matrix(counts), obs=obs, var=pd.DataFrame(index=genes))
    adata.layers["counts"] = adata.X.copy()
    totals = counts.sum(axis=1, keepdims=True)
    adata.X = csr_matrix(np.log1p(1e4 * counts / totals).astype(np.float32))
    adata.obsm["spatial"] = rng.uniform(0, 1000, (labels.size, 2))
    return adata


def texts(figure):
    """Return every text of a figure, in one string."""
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))
