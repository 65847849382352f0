"""Results that depend on matrices in a file alone, computed once as long as the matrices are open."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, ref

from anndata import AnnData
from anndata.abc import CSRDataset

from spatialcore.core.genes.features import gene_columns
from spatialcore.core.matrix import is_on_disk
from spatialcore.core.normalization import RAW_LAYERS

Result = TypeVar("Result")
_results: "WeakKeyDictionary[CSRDataset, tuple[Hashable, Any]]" = WeakKeyDictionary()


def once_per_file(adata: AnnData, compute: Callable[[], Result]) -> Result:
    """Return the result of a search for the expression; it is computed again only where a matrix is in memory.

    Parameters
    ----------
    adata
        Data whose X, layers with counts and raw.X may be in a file.
    compute
        The search. Its result depends on these matrices, on the features and on ``uns["log1p"]``.

    Examples
    --------
    >>> import numpy as np
    >>> once_per_file(AnnData(np.ones((2, 2))), lambda: "X")
    'X'
    """
    key = _key(adata)
    if key is None:
        return compute()
    stored = _results.get(adata.X)
    if stored is None or stored[0] != key:
        stored = _results[adata.X] = (key, compute())
    result: Result = stored[1]
    return result


def _key(adata: AnnData) -> Hashable:
    """Return all that the result depends on; None if a matrix in memory, which may change, is part of it."""
    layers = [adata.layers.get(name) for name in RAW_LAYERS]
    raw = None if adata.raw is None else adata.raw.X
    parts = [part for part in (adata.X, *layers, raw) if part is not None]
    if not is_on_disk(adata.X) or not all(is_on_disk(part) for part in parts):
        return None
    frames = [adata.var] if adata.raw is None else [adata.var, adata.raw.var]
    columns = [gene_columns(var) for var in frames]
    genes = [None if positions is None else positions.tobytes() for positions in columns]
    return (*map(ref, parts), *genes, *(tuple(var.index) for var in frames), "log1p" in adata.uns)
