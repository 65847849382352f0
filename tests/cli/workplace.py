"""Small data for the tests of the command line."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csr_matrix

LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
ROOT = Path(__file__).resolve().parents[2]
QUICK = ("-s", "min_cells_per_type=5")
TYPES = ("B cell", "T cell", "macrophage")
GENES = [
    "MS4A1",
    "CD3E",
    "CD68",
    "CD79A",
    "CD3D",
    "CD163",
    "CD79B",
    "CD3G",
    "MRC1",
    "BANK1",
    "TRAC",
    "C1QA",
    "CD19",
    "IL7R",
    "C1QB",
    "PAX5",
    "CD2",
    "MSR1",
    "CD22",
    "CD5",
    "CSF1R",
    "TNFRSF13C",
    "CD6",
    "MARCO",
    "BLK",
    "CD28",
    "ITGAM",
    "VPREB3",
    "LCK",
    "CD14",
]


@dataclass(frozen=True)
class Outcome:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@dataclass(frozen=True)
class Workplace:
    """A Xenium folder and two references."""

    query: Path
    first: Path
    second: Path

    @property
    def arguments(self) -> tuple[str, ...]:
        """Options with the query and both references."""
        return ("-q", str(self.query), "-r", f"{self.first}:cell_type", "-r", f"{self.second}:annotation")


def json_output(spatialcore: Command, *words: Any, code: int = 0) -> Any:
    """Run a command with --json and return its result."""
    outcome = spatialcore(*words, "--json")
    assert outcome.code == code, outcome.err
    return json.loads(outcome.out)


def counted(n_cells: int, genes: list[str], seed: int) -> AnnData:
    """Return counts of three cell types, each with its own third of the genes."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n_cells)
    block = np.arange(len(genes)) % 3
    rates = np.where(kind[:, None] == block[None, :], 3.0, 0.2)
    names = pd.Index([f"cell{i}" for i in range(n_cells)])
    obs = pd.DataFrame({"cell_type": pd.Categorical(np.array(TYPES)[kind])}, index=names)
    return AnnData(csr_matrix(rng.poisson(rates).astype(np.float32)), obs=obs, var=pd.DataFrame(index=genes))
