"""A small section with known spill-over, one without, and a model matched to each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.query import open_query
from spatialcore.annotation.spillover.cells import Cells
from spatialcore.annotation.spillover.neighbourhoods import Neighbourhoods, neighbourhoods_of
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.simulate import section

N_TYPES, GENES_EACH = 5, 12


def profiles() -> AnnData:
    """Return types with twelve genes each, which the other types express at a low level."""
    means = np.full((N_TYPES, N_TYPES * GENES_EACH), 0.4)
    for k in range(N_TYPES):
        means[k, GENES_EACH * k : GENES_EACH * (k + 1)] = 4.0
    obs = pd.DataFrame({"cell_type": [f"type {k}" for k in range(N_TYPES)]}, index=[f"p{k}" for k in range(N_TYPES)])
    return AnnData(means, obs=obs, var=pd.DataFrame(index=[f"G{g}" for g in range(means.shape[1])]))


@dataclass(frozen=True)
class Example:
    """A section, its model file, and the input of the estimate."""

    section: AnnData
    path: Path

    @property
    def model(self) -> CellTypingModel:
        return load_model(self.path)

    @property
    def cells(self) -> Cells:
        return Cells.of(self.model, open_query(self.section, self.model.genes))

    @property
    def neighbours(self) -> Neighbourhoods:
        return neighbourhoods_of(self.section, self.cells.totals)


def reference_cells() -> AnnData:
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(N_TYPES), 60)
    counts = rng.poisson(profiles().X[rows] * rng.lognormal(2, 0.3, len(rows))[:, None]).astype(np.float32)
    obs = pd.DataFrame({"cell_type": [f"type {k}" for k in rows]}, index=[f"r{i}" for i in range(len(rows))])
    return AnnData(counts, obs=obs, var=profiles().var)


def train(query: AnnData, path: Path) -> Path:
    train_celltypist_model(reference_cells(), "cell_type", output_path=path, trainer="logistic", query=query)
    return path


def make_example(folder: Path, spill_share: float, dispersion: float = 0.3) -> Example:
    cells = section(
        profiles(), layout="mixed", spill_share=spill_share, n_cells=700, dispersion=dispersion, random_state=3
    )
    return Example(cells, train(cells, folder / f"model_{spill_share}.pkl"))


@pytest.fixture(scope="session")
def spilled(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return make_example(tmp_path_factory.mktemp("spilled"), 0.35)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return make_example(tmp_path_factory.mktemp("clean"), 0.0)


@pytest.fixture(scope="session")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """A clean section in which cells of a type differ by chance alone."""
    return make_example(tmp_path_factory.mktemp("alike"), 0.0, dispersion=0.0)
