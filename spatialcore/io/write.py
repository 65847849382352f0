"""Write annotated data as h5ad, zarr or into a SpatialData store, and calls as parquet."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore import columns
from spatialcore.core.entries import coordinates_in
from spatialcore.core.files import whole
from spatialcore.core.logging import get_logger
from spatialcore.core.validation import require_column, takes_adata
from spatialcore.errors import ANNOTATE_FIRST, InputError
from spatialcore.io import spatialdata_store
from spatialcore.io.anndata_files import write_h5ad
from spatialcore.io.identifiers import EXACT
from spatialcore.io.reversible import storable

if TYPE_CHECKING:
    import pyarrow as pa

logger = get_logger(__name__)

CELL_ID = "cell_id"
BLOCK_CELLS = 200_000
SCHEMA_CELLS = 10_000


@takes_adata
def write_annotated(adata: AnnData, path: str | Path) -> Path:
    """Write annotated data as .h5ad or .zarr, or into the table of an existing SpatialData store.

    Parameters
    ----------
    adata
        Cells x features with calls.
    path
        ``*.h5ad`` or ``*.zarr``. If the path is an existing SpatialData store, calls, scores and manifest are written
        into its table, and the rest of the store is not changed.

    Returns
    -------
    Path
        The file written. It appears under this name only when it is complete.

    Raises
    ------
    InputError
        The suffix is not supported, or the table of the store has other cells.

    Examples
    --------
    >>> import anndata, numpy as np, tempfile
    >>> from spatialcore.io import write_annotated
    >>> folder = tempfile.mkdtemp()
    >>> write_annotated(anndata.AnnData(np.ones((2, 3))), f"{folder}/calls.h5ad").name
    'calls.h5ad'
    """
    file = Path(path).expanduser()
    if file.suffix not in (".h5ad", ".zarr"):
        raise InputError(f"cannot tell the format from {file.name!r}", hint="use the suffix .h5ad or .zarr")
    with storable(adata, slashes=file.suffix == ".h5ad") as converted:
        _write(converted, file)
    logger.info("wrote %s: %d cells", file, adata.n_obs)
    return file


def _write(adata: AnnData, file: Path) -> None:
    if file.suffix == ".h5ad":
        with whole(file) as part:
            write_h5ad(adata, part)
    elif spatialdata_store.is_spatialdata(file):
        spatialdata_store.update_table(file, adata, columns.CALL_COLUMNS)
    else:
        with whole(file) as part, warnings.catch_warnings():
            # viewers and older versions of anndata read format 2; anndata warns that its default will change
            warnings.filterwarnings("ignore", message="Writing zarr v2")
            adata.write_zarr(part)


def cell_ids(adata: AnnData) -> list[str]:
    """Return the identifiers of the cells as strings: obs["cell_id"] if unique and complete, else obs_names."""
    if CELL_ID in adata.obs and adata.obs[CELL_ID].is_unique and adata.obs[CELL_ID].notna().all():
        column = adata.obs[CELL_ID]
        if pd.api.types.is_float_dtype(column) and (column == column.round()).all() and (column.abs() <= EXACT).all():
            column = column.astype(np.int64)
        return [cell.decode() if isinstance(cell, bytes) else str(cell) for cell in column]
    return [str(name) for name in adata.obs_names]


def _calls(adata: AnnData, ids: NDArray[np.object_], rows: slice, *, as_categories: bool = False) -> pd.DataFrame:
    """Return a table of cell_id, coordinates (if present) and the columns of calls, one row per cell in order."""
    require_column(adata.obs, columns.CELL_TYPE, hint=ANNOTATE_FIRST)
    table = pd.DataFrame({CELL_ID: ids[rows]})
    stored = adata.obsm.get(columns.SPATIAL)
    is_plain = (
        isinstance(stored, np.ndarray) and stored.dtype.kind in "fiu" and stored.ndim == 2 and stored.shape[1] > 1
    )
    coordinates = stored if is_plain else coordinates_in(adata)
    if coordinates is not None:
        table[["x", "y"]] = coordinates[rows, :2]
    levels = [str(name) for name in adata.obs if str(name).startswith(columns.TAXONOMY)]
    for name in (*columns.CALL_COLUMNS, *levels):
        if name in adata.obs:
            column = adata.obs[name].iloc[rows]
            table[name] = column.array if as_categories else column.to_numpy()
    return table


@takes_adata
def write_calls(adata: AnnData, path: str | Path) -> Path:
    """Write calls as parquet: cell_id, x, y, and the columns of calls, one row per cell in order.

    Parameters
    ----------
    adata
        Annotated cells.
    path
        Path of the parquet file.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        The data have no calls.

    Examples
    --------
    >>> import anndata, tempfile
    >>> from spatialcore.io import write_calls
    >>> adata = anndata.AnnData(np.ones((1, 1)), obs=pd.DataFrame({"cell_type": ["B cell"]}, index=["c1"]))
    >>> pd.read_parquet(write_calls(adata, f"{tempfile.mkdtemp()}/calls.parquet")).to_dict("records")
    [{'cell_id': 'c1', 'cell_type': 'B cell'}]
    """
    file = Path(path).expanduser()
    with whole(file) as part:
        _write_blocks(adata, part)
    return file


def _write_blocks(adata: AnnData, path: Path) -> None:
    """Write the calls in blocks of cells, texts from the categories: a text per cell would be larger than all else."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = np.asarray(cell_ids(adata), dtype=object)
    schema = _schema(pa.Schema.from_pandas(_calls(adata, ids, slice(0, SCHEMA_CELLS)), preserve_index=False))
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, max(1, adata.n_obs), BLOCK_CELLS):
            block = _calls(adata, ids, slice(first, first + BLOCK_CELLS), as_categories=True)
            table = pa.Table.from_pandas(block, preserve_index=False)
            writer.write_table(
                pa.table([_plain(table[name], schema.field(name).type) for name in schema.names], schema)
            )


def _plain(column: "pa.ChunkedArray", kind: "pa.DataType") -> "pa.ChunkedArray":
    """Return a column with this type; categories become their values."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column if column.type == kind else column.cast(kind)


def _schema(schema: "pa.Schema") -> "pa.Schema":
    """Return a schema in which columns without a value in the first block are texts."""
    import pyarrow as pa

    fields = [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in schema]
    return pa.schema(fields, metadata=schema.metadata)
