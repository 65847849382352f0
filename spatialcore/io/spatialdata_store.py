"""SpatialData .zarr stores: their table of counts, without images and points."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from anndata import AnnData

from spatialcore.columns import DECISION_SCORES, MANIFEST, SPATIAL
from spatialcore.core.files import replace
from spatialcore.errors import DependencyError, InputError
from spatialcore.io.anndata_files import zarr_attributes
from spatialcore.io.flat_files import note_source

if TYPE_CHECKING:
    from spatialdata import SpatialData

DEFAULT_TABLE = "table"


def is_spatialdata(path: Path) -> bool:
    """Say whether a folder is a zarr group that says it is a SpatialData object."""
    return "spatialdata_attrs" in zarr_attributes(path)


def open_store(path: Path, *parts: str) -> "SpatialData":
    """Read the named kinds of elements of a store, tables by default."""
    try:
        from spatialdata import SpatialData
    except ImportError as error:
        raise DependencyError(
            f"{path} is a SpatialData store and the package spatialdata is not installed",
            hint="pip install 'spatialcore-celltyping[spatialdata]'",
        ) from error
    return SpatialData.read(path, selection=parts or ("tables",))


def choose_table(store: Any, table: str | None, path: Path) -> str:
    """Return the name of the table to work on: the given one, 'table', or the only one.

    Raises
    ------
    InputError
        There is no such table, or several and none is called 'table'.
    """
    names = sorted(store.tables)
    if table is not None and table in names:
        return table
    if table is None and (DEFAULT_TABLE in names or len(names) == 1):
        return DEFAULT_TABLE if DEFAULT_TABLE in names else names[0]
    wanted = f"a table {table!r}" if table else "one table, or one called 'table'"
    raise InputError(f"{path} holds the tables {', '.join(names) or '(none)'}; wanted: {wanted}", hint="pass table=")


def read_spatialdata(path: Path, table: str | None = None) -> AnnData:
    """Read the table of a SpatialData store; coordinates missing in it come from the shapes that it annotates."""
    store = open_store(path)
    name = choose_table(store, table, path)
    adata: AnnData = store.tables[name]
    if SPATIAL not in adata.obsm:
        centres = _centres(path, adata)
        if centres is not None:
            adata.obsm[SPATIAL] = centres
    return note_source(adata, reader="spatialdata", platform="", unit="", software=f"table {name}")


def _centres(path: Path, adata: AnnData) -> np.ndarray | None:
    """Return the centroid of the shape of each cell, NaN where a cell has none; None without shapes."""
    about = adata.uns.get("spatialdata_attrs")
    if about is None:
        return None
    shapes = open_store(path, "shapes").shapes
    centres = np.full((adata.n_obs, 2), np.nan)
    regions = adata.obs[about["region_key"]].astype(str).to_numpy()
    instances = adata.obs[about["instance_key"]].to_numpy()
    for region in {str(r) for r in regions} & set(shapes):
        here = regions == region
        points = shapes[region].geometry.centroid.reindex(instances[here])
        centres[here] = np.column_stack([points.x, points.y])
    return None if np.isnan(centres).all() else centres


def update_table(path: Path, adata: AnnData, names: Sequence[str], table: str | None = None) -> None:
    """Put calls, scores and manifest of `adata` into the table of a store; the old table stays until the new is whole.

    Parameters
    ----------
    names
        The columns of obs to bring over, as far as they are there.

    Raises
    ------
    InputError
        The store's table is of other cells.
    """
    store = open_store(path)
    name = choose_table(store, table, path)
    target: AnnData = store.tables[name]
    if target.n_obs != adata.n_obs or not adata.obs_names.isin(target.obs_names).all():
        raise InputError(
            f"the table {name!r} of {path} has {target.n_obs} cells, the calls {adata.n_obs}; not the same ones",
            hint="write into the store that the data were read from",
        )
    _bring_over(adata, target, names)
    _swap(store, path, name, target)


def _bring_over(adata: AnnData, target: AnnData, names: Sequence[str]) -> None:
    rows = adata.obs_names.get_indexer(target.obs_names)
    for column in (column for column in names if column in adata.obs):
        target.obs[column] = adata.obs[column].iloc[rows].to_numpy()
    if DECISION_SCORES in adata.obsm:
        scores = adata.obsm[DECISION_SCORES]
        target.obsm[DECISION_SCORES] = scores.iloc[rows] if hasattr(scores, "iloc") else scores[rows]
    if MANIFEST in adata.uns:
        target.uns[MANIFEST] = adata.uns[MANIFEST]


def _swap(store: Any, path: Path, name: str, table: AnnData) -> None:
    fresh = f"{name}_being_written"
    if fresh in store.tables:  # left behind by a writer that was killed
        store.delete_element_from_disk(fresh)
        del store.tables[fresh]
    store.tables[fresh] = table
    store.write_element(fresh)
    replace(path / "tables" / fresh, path / "tables" / name)
    store.write_consolidated_metadata()
