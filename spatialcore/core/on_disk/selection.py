"""Cells of an AnnData whose matrices may be in a file, in memory."""

from typing import Any

from anndata import AnnData

from spatialcore.core.matrix import is_on_disk, open_matrix
from spatialcore.core.types import Ints


def cells_in_memory(adata: AnnData, rows: Ints) -> AnnData:
    """Return some cells with all that belongs to them, in memory.

    Parameters
    ----------
    adata
        X, layers and raw.X in memory or in a file.
    rows
        Positions of the cells, ascending.
    """
    selected = AnnData(
        None if adata.X is None else _rows(adata.X, rows),
        obs=adata.obs.iloc[rows].copy(),
        var=adata.var.copy(),
        layers={name: _rows(layer, rows) for name, layer in adata.layers.items()},
        obsm={
            name: values[rows] if not hasattr(values, "iloc") else values.iloc[rows]
            for name, values in adata.obsm.items()
        },
        uns=dict(adata.uns),
    )
    if adata.raw is not None:
        selected.raw = AnnData(_rows(adata.raw.X, rows), obs=selected.obs[[]], var=adata.raw.var)
    return selected


def _rows(matrix: Any, rows: Ints) -> Any:
    return open_matrix(matrix).take(rows) if is_on_disk(matrix) else matrix[rows]
