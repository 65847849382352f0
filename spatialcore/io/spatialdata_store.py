"""Read and update the table of a SpatialData .zarr store; images and points are not read."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from anndata import AnnData

from spatialcore.annotation.calls.existing import keep_existing
from spatialcore.columns import DECISION_SCORES, MANIFEST, PATH_CONFIDENCE, SPATIAL
from spatialcore.core.files import replace
from spatialcore.core.on_disk.containers import require_chunks
from spatialcore.errors import DependencyError, InputError
from spatialcore.io.anndata_files import zarr_attributes
from spatialcore.io.flat_files import note_source

if TYPE_CHECKING:
    from spatialdata import SpatialData

DEFAULT_TABLE = "table"


def is_spatialdata(path: Path) -> bool:
    """Return whether a folder is a zarr group with a SpatialData object."""
    return path.is_dir() and "spatialdata_attrs" in zarr_attributes(path)


def open_store(path: Path, *parts: str) -> "SpatialData":
    """Read elements of a store by kind ("tables", "shapes"); by default the tables."""
    try:
        from spatialdata import SpatialData
    except ImportError as error:
        raise DependencyError(
            f"spatialdata is not installed; it is needed to read {path}",
            hint="pip install 'spatialcore-celltyping[spatialdata]'",
        ) from error
    return SpatialData.read(path, selection=parts or ("tables",))


def choose_table(store: "SpatialData", table: str | None, path: Path) -> str:
    """Return the name of the table to use: the given one, 'table', or the only one.

    Raises
    ------
    InputError
        The table does not exist, or there are several and none is called 'table'.
    """
    names = sorted(store.tables)
    if table is not None and table in names:
        return table
    if table is None and (DEFAULT_TABLE in names or len(names) == 1):
        return DEFAULT_TABLE if DEFAULT_TABLE in names else names[0]
    if not names:
        elements = sorted(item.name for item in path.iterdir() if item.is_dir() and item.name != "tables")
        raise InputError(
            f"{path} has no table of cells (it has {', '.join(elements) or 'no elements'})",
            hint="count transcripts in cells, for example with sdata.aggregate, and store the counts as a table",
        )
    expected = f"a table {table!r}" if table else "one table, or one called 'table'"
    first = path / "tables" / names[0]
    raise InputError(
        f"{path} has the tables {', '.join(names) or '(none)'}, expected {expected}",
        hint=f"pass the path of one of them: {first}; in Python, read_spatialdata(path, table={first.name!r})",
    )


def read_spatialdata(path: str | Path, table: str | None = None) -> AnnData:
    """Read the table of a SpatialData store; if it has no coordinates, they are the centroids of its shapes."""
    import zarr

    path = Path(path)
    if (path / "tables").is_dir():
        require_chunks(zarr.open_group(path / "tables", mode="r"), path)
    store = open_store(path)
    name = choose_table(store, table, path)
    adata: AnnData = store.tables[name]
    if SPATIAL not in adata.obsm:
        centres = _centres(path, adata)
        if centres is not None:
            adata.obsm[SPATIAL] = centres
    return note_source(adata, reader="spatialdata", platform="", unit="", software=f"table {name}")


def _centres(path: Path, adata: AnnData) -> np.ndarray | None:
    """Return the centroid of the shape of each cell (cells x 2), NaN for cells without a shape; None without shapes."""
    attributes = adata.uns.get("spatialdata_attrs")
    if attributes is None:
        return None
    shapes = open_store(path, "shapes").shapes
    centres = np.full((adata.n_obs, 2), np.nan)
    regions = adata.obs[attributes["region_key"]].astype(str).to_numpy()
    instances = adata.obs[attributes["instance_key"]].to_numpy()
    for region in {str(r) for r in regions} & set(shapes):
        in_region = regions == region
        points = shapes[region].geometry.centroid.reindex(instances[in_region])
        centres[in_region] = np.column_stack([points.x, points.y])
    return None if np.isnan(centres).all() else centres


def update_table(path: Path, adata: AnnData, names: Sequence[str], table: str | None = None) -> None:
    """Write calls, scores and manifest of `adata` into the table of a store; the table is replaced atomically.

    Parameters
    ----------
    names
        Columns of obs to copy; missing columns are skipped.

    Raises
    ------
    InputError
        The table of the store has other cells.
    """
    store = open_store(path)
    name = choose_table(store, table, path)
    target: AnnData = store.tables[name]
    if target.n_obs != adata.n_obs or not adata.obs_names.isin(target.obs_names).all():
        raise InputError(
            f"the table {name!r} of {path} has other cells ({target.n_obs}) than the calls ({adata.n_obs})",
            hint="write to the store that the data were read from",
        )
    _copy_results(adata, target, names)
    _replace_table(store, path, name, target)


def _copy_results(adata: AnnData, target: AnnData, names: Sequence[str]) -> None:
    rows = adata.obs_names.get_indexer(target.obs_names)
    keep_existing(target)
    for column in (column for column in names if column in adata.obs):
        target.obs[column] = adata.obs[column].iloc[rows].to_numpy()
    for key in (key for key in (DECISION_SCORES, PATH_CONFIDENCE) if key in adata.obsm):
        values = adata.obsm[key]
        target.obsm[key] = values.iloc[rows] if hasattr(values, "iloc") else values[rows]
    if MANIFEST in adata.uns:
        target.uns[MANIFEST] = adata.uns[MANIFEST]


def _replace_table(store: "SpatialData", path: Path, name: str, table: AnnData) -> None:
    temporary = f"{name}_being_written"
    if temporary in store.tables:  # from a process that was killed
        store.delete_element_from_disk(temporary)
        del store.tables[temporary]
    store.tables[temporary] = table
    store.write_element(temporary)
    replace(path / "tables" / temporary, path / "tables" / name)
    store.write_consolidated_metadata()
