"""Positions of CosMx cells on the slide, from positions in their fields of view and the positions of these."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from spatialcore.core.logging import get_logger
from spatialcore.core.text.dialect import table_names
from spatialcore.core.text.wording import list_names
from spatialcore.core.types import Floats
from spatialcore.errors import InputError
from spatialcore.io.flat_files import find_one, read_table

logger = get_logger(__name__)

POSITIONS: Final = table_names("*fov_positions_file")
LOCAL: Final = ("CenterX_local_px", "CenterY_local_px")
PIXEL: Final = 0.12028  # µm
IN_PX: Final = (("x_global_px", "y_global_px"),)
IN_MM: Final = (("x_global_mm", "y_global_mm"), ("x_mm", "y_mm"))


def slide_positions(folder: Path, cells: pd.DataFrame) -> Floats | None:
    """Return the positions of cells on the slide in pixels; None without a file of the positions of fields of view.

    The columns of the first exports begin with ``fov``, and the y axes of slide and field of view have the same
    direction; those of AtoMx begin with ``FOV`` or ``Slide``, and the directions are opposite.

    Parameters
    ----------
    folder
        Flat files of a slide.
    cells
        The metadata: columns ``fov``, as text without leading zeros, and :data:`LOCAL`.

    Returns
    -------
    ndarray or None
        Cells x 2, float64; NaN where a cell has no position in its field of view.

    Raises
    ------
    InputError
        The file lacks columns, or a field of view of the cells.
    """
    file = find_one(folder, POSITIONS)
    if file is None:
        return None
    table = read_table(file)
    upward = "fov" not in table.columns
    origins = _origins(table, file)
    fields = cells["fov"].astype(str)
    if missing := sorted(set(fields) - set(origins.index)):
        raise InputError(
            f"{file} has no position of the field of view {list_names(missing, 5)}",
            hint="export the positions of all fields of view, or positions of the slide in the metadata",
        )
    local = cells[list(LOCAL)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    logger.warning(
        "the metadata have positions within fields of view: those of the slide are computed with %s (y axis %s)",
        file.name,
        "reversed, as in exports of AtoMx" if upward else "not reversed",
    )
    positions: Floats = origins.loc[fields.tolist()].to_numpy() + local * (1, -1 if upward else 1)
    return positions


def _origins(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Return the corner of each field of view, in pixels, indexed by its number as text."""
    columns = {str(name).lower(): name for name in table.columns}
    pairs = [pair for pair in (*IN_PX, *IN_MM) if set(pair) <= set(columns)]
    if "fov" not in columns or not pairs:
        raise InputError(
            f"{file} has the columns {', '.join(map(str, table.columns))}",
            hint="expected are fov, x_global_px and y_global_px (or x_mm and y_mm)",
        )
    scale = 1.0 if pairs[0] in IN_PX else 1000 / PIXEL
    names = [str(name).split(".")[0].lstrip("0") or "0" for name in table[columns["fov"]]]
    corners = table[[columns[name] for name in pairs[0]]].apply(pd.to_numeric, errors="coerce") * scale
    corners.index = pd.Index(names)
    first: pd.DataFrame = corners[~corners.index.duplicated()]
    return first.dropna()
