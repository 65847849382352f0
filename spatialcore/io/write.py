"""Annotated data back on disk: h5ad, zarr, the table of a SpatialData store, and the calls alone as parquet."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.files import whole
from spatialcore.core.logging import get_logger
from spatialcore.errors import InputError
from spatialcore.io import spatialdata_store
from spatialcore.io.anndata_files import write_h5ad

logger = get_logger(__name__)

CALLS = (
    columns.CELL_TYPE,
    columns.PREDICTED,
    columns.CONFIDENCE,
    columns.CONFIDENCE_RAW,
    columns.ONTOLOGY_ID,
    columns.ONTOLOGY_LABEL,
    columns.UNASSIGNED_REASON,
)
CELL_ID = "cell_id"


def write_annotated(adata: AnnData, path: str | Path) -> Path:
    """Write annotated data as .h5ad, as .zarr, or into the table of a SpatialData store that is already there.

    Parameters
    ----------
    adata
        Cells x features with calls.
    path
        ``*.h5ad``, ``*.zarr``; where an existing .zarr is a SpatialData store, its table gets the calls, their scores
        and the manifest, and everything else in the store stays as it is.

    Returns
    -------
    Path
        Where the data lie. The file appears under this name only when it is whole.

    Raises
    ------
    InputError
        The ending is neither, or the store's table is of other cells.

    Examples
    --------
    >>> import anndata, numpy as np, tempfile
    >>> from spatialcore.io import write_annotated
    >>> folder = tempfile.mkdtemp()
    >>> write_annotated(anndata.AnnData(np.ones((2, 3))), f"{folder}/calls.h5ad").name
    'calls.h5ad'
    """
    place = Path(path).expanduser()
    if place.suffix == ".h5ad":
        with whole(place) as part:
            write_h5ad(adata, part)
    elif place.suffix == ".zarr" and spatialdata_store.is_spatialdata(place):
        spatialdata_store.update_table(place, adata, CALLS)
    elif place.suffix == ".zarr":
        with whole(place) as part, warnings.catch_warnings():
            # format 2 is the one that every viewer and older anndata read; anndata warns that its default will change
            warnings.filterwarnings("ignore", message="Writing zarr v2")
            adata.write_zarr(part)
    else:
        raise InputError(f"{place.name} says not in which format to write", hint="end it in .h5ad or .zarr")
    logger.info("wrote %s: %d cells", place, adata.n_obs)
    return place


def cell_ids(adata: AnnData) -> list[str]:
    """Return the instrument's identifier of each cell as text: obs["cell_id"] where it names cells, else the names."""
    if CELL_ID in adata.obs and adata.obs[CELL_ID].is_unique and adata.obs[CELL_ID].notna().all():
        column = adata.obs[CELL_ID]
        if pd.api.types.is_float_dtype(column) and (column == column.round()).all():
            column = column.astype(np.int64)
        return [cell.decode() if isinstance(cell, bytes) else str(cell) for cell in column]
    return [str(name) for name in adata.obs_names]


def calls_table(adata: AnnData) -> pd.DataFrame:
    """Return cell_id, coordinates (where known) and every column of calls, one row a cell, in order.

    Raises
    ------
    InputError
        The data have no calls.
    """
    if columns.CELL_TYPE not in adata.obs:
        raise InputError(f"obs has no column {columns.CELL_TYPE!r}", hint="annotate the data first")
    table = pd.DataFrame({CELL_ID: cell_ids(adata)})
    if columns.SPATIAL in adata.obsm:
        table[["x", "y"]] = np.asarray(adata.obsm[columns.SPATIAL])[:, :2]
    for name in CALLS:
        if name in adata.obs:
            table[name] = adata.obs[name].to_numpy()
    return table


def write_calls(adata: AnnData, path: str | Path) -> Path:
    """Write the calls alone as parquet: cell_id, x, y, and the columns of calls, one row a cell, in order.

    Raises
    ------
    InputError
        The data have no calls.
    """
    place = Path(path).expanduser()
    table = calls_table(adata)
    with whole(place) as part:
        table.to_parquet(part, index=False)
    return place
