"""A small simulated tissue with known cell types: five types with ten markers each."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

MARKERS = {
    "B cell": "MS4A1 CD79A CD79B CD19 BANK1 TCL1A PAX5 FCER2 CD22 BLK",
    "natural killer cell": "NKG7 GNLY KLRD1 KLRF1 NCAM1 FCGR3A XCL1 XCL2 PRF1 GZMB",
    "mast cell": "TPSAB1 TPSB2 CPA3 KIT MS4A2 HDC GATA2 HPGDS SLC18A2 CTSG",
    "fibroblast": "COL1A1 COL1A2 COL3A1 DCN LUM PDGFRA FBLN1 MMP2 THY1 FAP",
    "epithelial cell": "EPCAM KRT8 KRT18 KRT19 CDH1 MUC1 CLDN4 ELF3 KRT7 TACSTD2",
}
COMMON = ["ACTB", "GAPDH", "B2M", "MALAT1", "VIM", "CD4", "HSPA1A", "HSPA1B", "HLA-A", "CD74"]
TYPES = list(MARKERS)
GENES = [gene for text in MARKERS.values() for gene in text.split()] + COMMON
PER_TYPE = 10


def _profiles() -> np.ndarray:
    rng = np.random.default_rng(7)
    rates = rng.gamma(0.6, 0.25, (len(TYPES), len(GENES))) + 0.02
    for row, text in zip(rates, MARKERS.values(), strict=True):
        row[[GENES.index(gene) for gene in text.split()]] += rng.uniform(3, 6, 10)
    return rates / rates.sum(axis=1, keepdims=True)


def cells(seed: int, per_type: int, depth: float) -> tuple[np.ndarray, np.ndarray]:
    """Return counts (cells x genes) and the type of each cell."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(TYPES)), per_type)
    rng.shuffle(codes)
    totals = rng.lognormal(np.log(depth), 0.3, len(codes))
    return rng.poisson(_profiles()[codes] * totals[:, None]).astype(np.float32), np.array(TYPES, dtype=object)[codes]


def reference(seed: int = 1, per_type: int = 16, depth: float = 1500) -> ad.AnnData:
    """Return labelled single cells: counts in X, types in obs["cell_type"]."""
    counts, types = cells(seed, per_type, depth)
    obs = pd.DataFrame({"cell_type": pd.Categorical(types)}, index=[f"ref_{i}" for i in range(len(types))])
    more = np.random.default_rng(seed + 99).poisson(1.0, (len(counts), 40)).astype(np.float32)
    genes = GENES + [f"LINC{i:05d}" for i in range(2000, 2040)]
    return ad.AnnData(sp.csr_matrix(np.hstack([counts, more])), obs, pd.DataFrame(index=genes))


def query(seed: int = 2, per_type: int = PER_TYPE, depth: float = 150) -> ad.AnnData:
    """Return a sample: counts in X, the type of each cell in obs["truth"], coordinates in obsm["spatial"]."""
    counts, types = cells(seed, per_type, depth)
    obs = pd.DataFrame({"truth": types}, index=[f"cell_{i}" for i in range(len(types))])
    adata = ad.AnnData(sp.csr_matrix(counts), obs, pd.DataFrame(index=list(GENES)))
    adata.obsm["spatial"] = np.random.default_rng(seed).uniform(0, 500, (len(types), 2))
    return adata


def with_features(adata: ad.AnnData, names: list[str], values: Any, **var: Any) -> ad.AnnData:
    """Return data with more features; ``var``: columns with a value for the genes and one for the others."""
    wide = sp.hstack([adata.X, sp.csr_matrix(np.asarray(values, dtype=np.float32))]).tocsr()
    frame = pd.DataFrame(index=[*adata.var_names, *names])
    for column, (gene, other) in var.items():
        frame[column] = [gene] * adata.n_vars + [other] * len(names)
    combined = ad.AnnData(wide, adata.obs, frame)
    combined.obsm = adata.obsm
    return combined


def write_h5ad(adata: ad.AnnData, path: Path) -> str:
    """Write data as h5ad and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    adata.write_h5ad(path)
    return str(path)
