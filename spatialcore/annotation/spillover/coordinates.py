"""Coordinates of cells: their unit, whether neighbours can be found by them, and within which groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.entries import coordinates_in
from spatialcore.core.text.units import unit_symbol
from spatialcore.core.text.wording import number_of
from spatialcore.core.types import Codes, Floats

MIN_CELLS: Final = 100
MAX_DUPLICATED_SHARE: Final = 0.5
SAMPLE_COLUMNS: Final = (
    *("sample", "sample_id", "sample_name", "sampleid", "library_id", "library", "orig.ident", "batch"),
    *("slide", "slide_id", "section", "section_id", "brain_section_label", "slice", "slice_id"),
)
GROUP_COLUMNS: Final = (*SAMPLE_COLUMNS, "fov")
CELLS_PER_GROUP: Final = 20
GAP: Final = 3.0  # distance between the origins of samples, in widths of all cells


def coordinate_unit(adata: AnnData) -> str:
    """Return the unit of the coordinates, as the reader recorded it in ``uns["spatialcore_source"]["unit"]``.

    ``"µm"`` or ``"px"`` in most cases; empty if it is unknown. Set the entry if you know the unit of your own data.

    Examples
    --------
    >>> import numpy as np
    >>> adata = AnnData(obsm={"spatial": np.zeros((3, 2))})
    >>> coordinate_unit(adata)
    ''
    >>> adata.uns["spatialcore_source"] = {"unit": "um"}
    >>> coordinate_unit(adata)
    'µm'
    """
    source = adata.uns.get(columns.SOURCE)
    return unit_symbol(str(source.get("unit", ""))) if isinstance(source, Mapping) else ""


def unusable_coordinates(adata: AnnData) -> str:
    """Return why neighbours cannot be found; empty text if they can."""
    if columns.SPATIAL not in adata.obsm:
        return "the data have no coordinates"
    places = coordinates_in(adata)
    if places is None or places.shape[1] > 3:
        shape = getattr(adata.obsm[columns.SPATIAL], "shape", None)
        return f"obsm['{columns.SPATIAL}'] has shape {shape}, expected cells x 2 or 3 numbers"
    finite = places[np.isfinite(places).all(axis=1)]
    if len(finite) < MIN_CELLS:
        return f"{number_of(len(finite), 'cell')} with coordinates, expected at least {MIN_CELLS}"
    duplicated = float(pd.DataFrame(finite).duplicated().mean())
    if duplicated > MAX_DUPLICATED_SHARE:
        return f"{100 * duplicated:.0f} % of the cells have the coordinates of another cell"
    return ""


def groups_of(obs: pd.DataFrame, names: Sequence[str] = GROUP_COLUMNS) -> Codes:
    """Return a code for the sample and field of view of each cell, from the columns that name them."""
    lower = {str(name).lower(): name for name in obs.columns}
    used = [lower[name] for name in names if name in lower]
    used = [name for name in used if 2 <= obs[name].nunique(dropna=False) <= len(obs) / CELLS_PER_GROUP]
    if not used:
        return np.zeros(len(obs), dtype=np.intp)
    groups = obs.groupby(used, observed=True, dropna=False, sort=True).ngroup()
    return np.asarray(groups, dtype=np.intp)


def coordinates_by_sample(adata: AnnData) -> Floats | None:
    """Return the coordinates of the cells, with the samples of one file beside each other; None if there are none.

    Sections that have their own coordinates overlap: without this, cells of one would be neighbours in another.

    Examples
    --------
    >>> obs = pd.DataFrame({"sample": ["a"] * 20 + ["b"] * 20}, index=[f"c{i}" for i in range(40)])
    >>> adata = AnnData(obs=obs, obsm={"spatial": np.tile([[0.0, 0.0], [4.0, 1.0]], (20, 1))})
    >>> np.unique(coordinates_by_sample(adata)[:, 0]).tolist()
    [0.0, 4.0, 12.0, 16.0]
    """
    coordinates = coordinates_in(adata)
    if coordinates is None:
        return None
    samples, first = groups_of(adata.obs, SAMPLE_COLUMNS), coordinates[:, 0]
    finite = first[np.isfinite(first)]
    if len(finite) == 0 or not samples.any():
        return coordinates
    width = float(np.ptp(finite))
    return np.column_stack([first + GAP * width * samples, coordinates[:, 1:]])


@dataclass(frozen=True)
class Places:
    """Where the cells are: coordinates, cells x 2 or 3, and a code of the sample and field of view of each cell."""

    coordinates: Floats
    groups: Codes

    @classmethod
    def of(cls, adata: AnnData) -> Self:
        """Read the places of cells; their coordinates must be usable."""
        coordinates = coordinates_in(adata)
        assert coordinates is not None
        return cls(coordinates, groups_of(adata.obs))
