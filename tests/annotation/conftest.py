"""Small simulated data with known types."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.core.normalization import log1p_normalize
from tests.annotation.cohort_data import cohort_model, cohort_reference, samples
from tests.annotation.reference_data import Write, make_reference

__all__ = ["cohort_model", "cohort_reference", "samples"]


def simulate(
    n: int, n_types: int, n_genes: int, depth: float, rng: np.random.Generator, profiles: np.ndarray | None = None
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Draw Poisson counts of cells of `n_types` types; return counts, types and profiles."""
    if profiles is None:
        profiles = rng.gamma(0.4, size=(n_types, n_genes)) + 0.01
        profiles /= profiles.sum(axis=1, keepdims=True)
    types = rng.integers(0, len(profiles), n)
    totals = depth * rng.lognormal(0, 0.4, n)
    return sparse.csr_matrix(rng.poisson(profiles[types] * totals[:, None]).astype(np.float32)), types, profiles


def as_adata(counts: sparse.csr_matrix, types: np.ndarray, *, logged: bool = True) -> AnnData:
    """Return data in the format of combined references: log1p(10k) in X, counts in a layer."""
    obs = pd.DataFrame(
        {columns.UNIFIED_CELL_TYPE: [f"type {t}" for t in types]}, index=[f"cell{i}" for i in range(len(types))]
    )
    var = pd.DataFrame(index=[f"G{i}" for i in range(counts.shape[1])])
    adata = AnnData(log1p_normalize(counts, 1e4) if logged else counts.copy(), obs, var)
    adata.layers[columns.COUNTS] = counts.copy()
    return adata


@pytest.fixture(scope="session")
def simulated() -> tuple[AnnData, AnnData, np.ndarray]:
    """Return a deep reference, a shallow query with the same types, and the true types of the query."""
    rng = np.random.default_rng(3)
    counts, types, profiles = simulate(900, 5, 80, 2000, rng)
    query_counts, truth, _ = simulate(600, 5, 80, 120, rng, profiles * rng.lognormal(0, 0.5, 80))
    query = as_adata(query_counts, truth, logged=False)
    del query.obs[columns.UNIFIED_CELL_TYPE], query.layers[columns.COUNTS]
    return as_adata(counts, types), query, np.array([f"type {t}" for t in truth])


@pytest.fixture(scope="session")
def trained(simulated: tuple[AnnData, AnnData, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a calibrated model matched to the query."""
    from spatialcore.annotation.training.train import train_celltypist_model

    path = tmp_path_factory.mktemp("model") / "simulated.pkl"
    train_celltypist_model(simulated[0], output_path=path, trainer="logistic", query=simulated[1])
    return path


@pytest.fixture(scope="session")
def recipe(simulated: tuple[AnnData, AnnData, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a model trained with CellTypist's recipe."""
    from spatialcore.annotation.training.train import train_celltypist_model

    path = tmp_path_factory.mktemp("recipe") / "recipe.pkl"
    train_celltypist_model(simulated[0], output_path=path, trainer="celltypist")
    return path


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a reference and returns its path."""

    def to_file(adata: AnnData | None = None, name: str = "ref.h5ad", **options: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        reference = make_reference() if adata is None else adata
        if path.suffix == ".zarr":
            reference.write_zarr(path)
        else:
            reference.write_h5ad(path, **options)
        return path

    return to_file
