"""Where a query holds expression that a model can read, and whether its values are expression at all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.counts import recover_counts
from spatialcore.core.matrix import is_sparse
from spatialcore.core.normalization import X_STATE_TEXTS, check_normalization_status
from spatialcore.core.sampling import draw_rows
from spatialcore.errors import GeneOverlapError, InputError, NormalizationError

SAMPLE = 1_000
STRAYS = 0.05


def is_dask(matrix: Any) -> bool:
    """Say whether a matrix is a dask array, without importing dask."""
    return type(matrix).__module__.startswith("dask.")


def matrix_of(adata: AnnData, source: str) -> Any:
    """Return a matrix by the name that `check_normalization_status` gives it: "X", "raw.X" or "layers/<name>"."""
    if source == "raw.X":
        return adata.raw.X
    return adata.X if source == "X" else adata.layers[source.removeprefix("layers/")]


def var_of(adata: AnnData, source: str) -> pd.DataFrame:
    """Return the var frame of a matrix: raw.X may have more features than X."""
    var: pd.DataFrame = adata.raw.var if source == "raw.X" else adata.var
    return var


def find_counts(adata: AnnData) -> tuple[Any, str, str]:
    """Return the matrix to read, what it holds, and its place."""
    status = check_normalization_status(_sample(adata))
    source = status["raw_source"]
    if source is not None:
        return matrix_of(adata, source), "counts", source
    if status["x_state"] == "log1p_10k":
        return adata.X, "log1p", "X"
    if status["x_state"] == "log1p_other" and _recoverable(_sample(adata).X):
        return adata.X, "recoverable", "X"
    state = status["x_state"]
    raise NormalizationError(
        f"Cannot prepare data for CellTypist: no raw counts found, and X is {state} "
        f"({X_STATE_TEXTS[state]}), not log1p(10k)",
        hint='provide raw counts in X, layers["counts"] or raw.X, or log1p(10k) in X',
    )


def no_shared_genes(name: str, names: Sequence[str], other_name: str, other_names: Sequence[str]) -> GeneOverlapError:
    """Return the error for two gene sets without a gene in common; it shows the first names of both."""
    return GeneOverlapError(
        f"No shared genes found between {name} ({', '.join(map(str, names[:5]))} ...) and {other_name} "
        f"({', '.join(map(str, other_names[:5]))} ...)",
        hint="check Ensembl ids against symbols, and the species; ids are mapped through a var column feature_name or "
        "gene_symbols, or through the shipped human and mouse tables",
    )


def require_readable(adata: AnnData) -> None:
    """Refuse a query that no model could read, before anything long is done for it.

    Raises
    ------
    InputError
        There are no cells.
    NormalizationError
        Neither raw counts nor log1p(10k) are found, or values in memory are negative, infinite or NaN.
    """
    if adata.n_obs == 0:
        raise InputError("the query holds no cell", hint="pass data with cells; was everything filtered out?")
    try:
        matrix, _, source = find_counts(adata)
    except NormalizationError:
        _require_expression_in_memory(adata.X, "X", most=STRAYS)  # a few stray values are told as such
        raise
    _require_expression_in_memory(matrix, source)


def _require_expression_in_memory(matrix: Any, source: str, most: float = 1.0) -> None:
    if is_sparse(matrix) or isinstance(matrix, np.ndarray):
        require_expression(matrix.data if is_sparse(matrix) else matrix, f"{source} of the query", most)


def require_expression(values: Any, source: str, most: float = 1.0) -> None:
    """Refuse values that are no expression: negative, infinite or NaN.

    Parameters
    ----------
    values
        The stored values of a matrix.
    source
        Where they are, for the error.
    most
        Where a larger share of the values is so, nothing is said: then they are of another kind altogether.

    Raises
    ------
    NormalizationError
        Saying which, and how many.
    """
    if values.size == 0 or (values.min() >= 0 and np.isfinite(values.max())):  # a NaN makes both comparisons false
        return
    bad = {"NaN": np.isnan(values), "infinite": np.isinf(values), "negative": values < 0}
    counts = {kind: int(found.sum()) for kind, found in bad.items() if found.any()}
    if sum(counts.values()) > most * values.size:
        return
    seen = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    raise NormalizationError(
        f"{source} holds values that are no expression: {seen} of {values.size:,}",
        hint="pass raw counts as the instrument wrote them, or drop the cells and genes with such values",
    )


def _recoverable(X: Any) -> bool:
    return recover_counts(X)[1] == "recovered"


def _sample(adata: AnnData) -> AnnData:
    """Return an AnnData whose state can be looked at: itself, or random rows of one made of dask arrays."""
    parts = {"X": adata.X, **dict(adata.layers.items())}
    if not any(is_dask(part) for part in parts.values()):
        return adata
    rows = draw_rows(adata.n_obs, SAMPLE, np.random.default_rng(0))
    drawn = {name: _computed(part[rows]) for name, part in parts.items() if part is not None}
    return AnnData(drawn.pop("X", None), var=adata.var[[]].copy(), layers=drawn)


def _computed(part: Any) -> Any:
    return part.compute() if is_dask(part) else part
