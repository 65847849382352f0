"""Where a query holds expression that a model can read, and whether its values are expression at all."""

from typing import Any

import numpy as np
from anndata import AnnData

from spatialcore.core.counts import recover_counts
from spatialcore.core.matrix import is_sparse
from spatialcore.core.normalization import check_normalization_status
from spatialcore.errors import InputError, NormalizationError

SAMPLE = 1_000
STRAYS = 0.05
_STATES = {
    "linear": "linear (scaled, without a logarithm)",
    "log1p_cpm": "log1p_cpm (a logarithm of counts per million)",
    "log1p_other": "log1p_other (a logarithm on another scale)",
    "negative": "negative (z-scored or batch-corrected)",
    "unknown": "unknown (empty, or not finite)",
}


def is_dask(matrix: Any) -> bool:
    """Say whether a matrix is a dask array, without importing dask."""
    return type(matrix).__module__.startswith("dask.")


def find_counts(adata: AnnData) -> tuple[Any, str, str]:
    """Return the matrix to read, what it holds, and its place."""
    status = check_normalization_status(_sample(adata))
    source = status["raw_source"]
    if source is not None:
        layer = source.removeprefix("layers/")
        found = adata.layers[layer] if layer != source else (adata.raw.X if source == "raw.X" else adata.X)
        return found, "counts", source
    if status["x_state"] == "log1p_10k":
        return adata.X, "log1p", "X"
    if status["x_state"] == "log1p_other" and _recoverable(_sample(adata).X):
        return adata.X, "recoverable", "X"
    seen = _STATES.get(status["x_state"], status["x_state"])
    raise NormalizationError(
        f"Cannot prepare data for CellTypist: no raw counts found, and X is {seen}, not log1p(10k)",
        hint='provide raw counts in X, layers["counts"] or raw.X, or log1p(10k) in X',
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
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(adata.n_obs, min(SAMPLE, adata.n_obs), replace=False))
    drawn = {name: _computed(part[rows]) for name, part in parts.items() if part is not None}
    return AnnData(drawn.pop("X", None), var=adata.var[[]].copy(), layers=drawn)


def _computed(part: Any) -> Any:
    return part.compute() if is_dask(part) else part
