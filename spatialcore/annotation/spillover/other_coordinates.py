"""Find coordinates that a file has under another name than ``obsm["spatial"]``."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.columns import SOURCE, SPATIAL
from spatialcore.core.entries import coordinates_in, mapping_in, move_entry, n_located
from spatialcore.core.logging import get_logger
from spatialcore.core.types import Floats

logger = get_logger(__name__)

ELEMENTS: Final = (
    *("spatial", "x_spatial", "spatial_um", "spatial_coords", "spatial_coordinates", "coordinates", "coords"),
    *("centroids", "centroid", "cell_centroids", "global", "spatial_global", "xy", "x_xy", "xy_loc", "x_xy_loc"),
)
"""Names of elements of obsm, in lower case."""
PAIRS: Final = (
    ("x_centroid", "y_centroid", "µm"),
    ("center_x", "center_y", "µm"),
    ("x_um", "y_um", "µm"),
    ("centerx_global_px", "centery_global_px", "px"),
    ("x_global_px", "y_global_px", "px"),
    ("centerx_global_mm", "centery_global_mm", "mm"),
    ("x_slide_mm", "y_slide_mm", "mm"),
    ("x_px", "y_px", "px"),
    ("pxl_col_in_fullres", "pxl_row_in_fullres", "px"),
    ("cell_centroid_x", "cell_centroid_y", ""),
    ("centroid_x", "centroid_y", ""),
    ("global_x", "global_y", ""),
    ("x_location", "y_location", ""),
    ("spatial_x", "spatial_y", ""),
    ("sdimx", "sdimy", ""),
    ("x_coordinate", "y_coordinate", ""),
    ("x_coord", "y_coord", ""),
    ("xcoord", "ycoord", ""),
    ("imagecol", "imagerow", ""),
    ("array_col", "array_row", ""),
    ("x", "y", ""),
)
"""Names of columns of obs, in lower case, and the unit that the program that writes them uses."""
MICRONS_PER_MM: Final = 1000.0


@dataclass(frozen=True)
class Coordinates:
    """Coordinates under another name: values (cells x 2 or more), their unit ('' if unknown), and where they are."""

    values: Floats
    unit: str
    where: str


def find_coordinates(adata: AnnData) -> Coordinates | None:
    """Return the coordinates of a file whose ``obsm["spatial"]`` is absent or has no numbers; None if there are none.

    Examples
    --------
    >>> obs = pd.DataFrame({"x_centroid": [1.0, 2.0], "y_centroid": [3.0, 4.0]}, index=["a", "b"])
    >>> coordinates = find_coordinates(AnnData(obs=obs))
    >>> coordinates.where, coordinates.unit, coordinates.values.tolist()
    ('obs columns x_centroid and y_centroid', 'µm', [[1.0, 3.0], [2.0, 4.0]])
    """
    if n_located(coordinates_in(adata)):
        return None
    elements = {str(key).lower(): str(key) for key in adata.obsm}
    for name in ELEMENTS:
        values = coordinates_in(adata, elements[name]) if name in elements else None
        if values is not None and values.shape[1] <= 3 and n_located(values):
            return Coordinates(values, "", f"obsm[{elements[name]!r}]")
    columns = {str(name).lower(): name for name in adata.obs}
    for first, second, unit in PAIRS:
        if first in columns and second in columns:
            names = [columns[first], columns[second]]
            values = adata.obs[names].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
            scale, unit = (MICRONS_PER_MM, "µm") if unit == "mm" else (1.0, unit)
            if n_located(values):
                return Coordinates(values * scale, unit, f"obs columns {names[0]} and {names[1]}")
    return None


def with_coordinates(adata: AnnData) -> AnnData:
    """Store coordinates under another name in ``obsm["spatial"]`` too, in place, log it, and return the data."""
    coordinates = find_coordinates(adata)
    if coordinates is None:
        return adata
    if SPATIAL in adata.obsm:
        move_entry(adata.obsm, SPATIAL, "obsm")
    adata.obsm[SPATIAL] = coordinates.values
    source = mapping_in(adata.uns, SOURCE)
    if coordinates.unit and not source.get("unit"):
        adata.uns[SOURCE] = {**source, "unit": coordinates.unit}
    logger.warning("obsm has no coordinates under %r: those in %s are used", SPATIAL, coordinates.where)
    return adata


def coordinate_columns(columns: Iterable[str]) -> list[str]:
    """Return the columns of obs that may have coordinates.

    Examples
    --------
    >>> coordinate_columns(["X_centroid", "y_centroid", "area"])
    ['X_centroid', 'y_centroid']
    """
    usual = {name for first, second, _ in PAIRS for name in (first, second)}
    return [name for name in columns if name.lower() in usual]
