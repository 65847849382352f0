"""Matrices and features by name, of an open file or of an AnnData in memory."""

from typing import Any, Protocol

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.genes.features import gene_columns
from spatialcore.core.matrix import Matrix, open_matrix, with_columns
from spatialcore.core.normalization import Status, check_normalization_status
from spatialcore.core.sampling import draw_rows
from spatialcore.core.types import MatrixLike

SAMPLE = 1_000


class Data(Protocol):
    """Interface of an open file or of an AnnData in memory (:class:`InMemory`)."""

    n_obs: int

    def status(self, random_state: int = 42) -> Status:
        """Return the location of raw counts and the state of X."""

    def sources(self) -> list[str]:
        """Return the names of the matrices that exist: X, all layers and raw.X."""

    def gene_matrix(self, source: str) -> Matrix:
        """Open a matrix by its name, without features that are not genes."""

    def var_of(self, source: str) -> pd.DataFrame:
        """Return the features of a matrix."""


class InMemory:
    """An AnnData as :class:`Data`; of dask arrays, random rows are read."""

    def __init__(self, adata: AnnData) -> None:
        self._sampled = _sample(adata)
        self.n_obs = self._sampled.n_obs

    def status(self, random_state: int = 42) -> Status:
        """See :class:`Data`."""
        return check_normalization_status(self._sampled, random_state=random_state)

    def sources(self) -> list[str]:
        """See :class:`Data`."""
        raw = [] if self._sampled.raw is None else ["raw.X"]
        x = [] if self._sampled.X is None else ["X"]
        return [*x, *(f"layers/{name}" for name in self._sampled.layers), *raw]

    def matrix(self, source: str) -> Matrix:
        """See :class:`Data`."""
        return open_matrix(matrix_of(self._sampled, source))

    def gene_matrix(self, source: str) -> Matrix:
        """See :class:`Data`."""
        return with_columns(self.matrix(source), gene_columns(self.var_of(source)))

    def var_of(self, source: str) -> pd.DataFrame:
        """See :class:`Data`."""
        return var_of(self._sampled, source)


def matrix_of(adata: AnnData, source: str) -> MatrixLike:
    """Return a matrix by the name that `check_normalization_status` gives it: "X", "raw.X" or "layers/<name>"."""
    if source == "raw.X":
        return adata.raw.X
    return adata.X if source == "X" else adata.layers[source.removeprefix("layers/")]


def var_of(adata: AnnData, source: str) -> pd.DataFrame:
    """Return the var frame of a matrix: raw.X may have more features than X."""
    var: pd.DataFrame = adata.raw.var if source == "raw.X" else adata.var
    return var


def is_dask(matrix: MatrixLike) -> bool:
    """Return whether a matrix is a dask array, without importing dask."""
    return type(matrix).__module__.startswith("dask.")


def _sample(adata: AnnData) -> AnnData:
    """Return an AnnData whose state can be checked: itself, or random rows of one made of dask arrays."""
    parts = {"X": adata.X, **dict(adata.layers.items())}
    raw = None if adata.raw is None else adata.raw.X
    if not any(is_dask(part) for part in (*parts.values(), raw)):
        return adata
    rows = draw_rows(adata.n_obs, SAMPLE, np.random.default_rng(0))
    drawn = {name: _computed(part[rows]) for name, part in parts.items() if part is not None}
    sample = AnnData(drawn.pop("X", None), var=adata.var.copy(), layers=drawn)
    if raw is not None:
        sample.raw = AnnData(_computed(raw[rows]), obs=sample.obs, var=adata.raw.var)
    return sample


def _computed(part: Any) -> Any:
    return part.compute() if is_dask(part) else part
