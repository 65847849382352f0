"""Cells grouped by type: names, order and colours of the types."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore import columns
from spatialcore.annotation.colors import cell_type_colors
from spatialcore.core.categories import coded_labels
from spatialcore.core.types import Codes
from spatialcore.core.validation import require_column, short
from spatialcore.errors import InputError, LabelColumnError
from spatialcore.plotting.manifest import manifest_value

NOT_TYPES = (columns.UNASSIGNED, columns.LOW_COUNT)
COLORS_KEY = "colors_json"


@dataclass(frozen=True)
class Groups:
    """Cells grouped by type.

    Parameters
    ----------
    names
        The types, largest first; labels of cells without a type come last.
    codes
        Position of each cell's type in ``names``, shape (n_cells,); -1 for excluded cells.
    """

    names: tuple[str, ...]
    codes: Codes

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """Number of cells per type."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names)).astype(np.intp)

    def members(self, index: int) -> NDArray[np.intp]:
        """Return the positions of the cells of a type."""
        return np.flatnonzero(self.codes == index)

    def select(self, names: Sequence[str]) -> "Groups":
        """Return these types in this order; cells of other types are excluded."""
        position = {name: index for index, name in enumerate(names)}
        lookup = np.array([position.get(name, -1) for name in self.names] + [-1], dtype=np.int32)
        return Groups(tuple(names), lookup[self.codes])

    def at_least(self, n_cells: int) -> "Groups":
        """Return the types with at least this many cells."""
        return self.select([name for name, size in zip(self.names, self.sizes, strict=True) if size >= n_cells])

    def smaller_than(self, n_cells: int) -> list[str]:
        """Return the types with fewer cells as ``"name (size)"``, for the note below a figure."""
        return [f"{name} ({size})" for name, size in zip(self.names, self.sizes, strict=True) if size < n_cells]


def group_cells(adata: AnnData, label_column: str, *, types_only: bool = False) -> Groups:
    """Group cells by a column of labels.

    Parameters
    ----------
    adata
        Any annotated data.
    label_column
        Column of ``obs``. A missing label counts as unassigned.
    types_only
        Exclude cells without a type.

    Raises
    ------
    LabelColumnError
        The column does not exist, or there are no cells.
    """
    positions, names = coded_labels(obs_column(adata, label_column), columns.UNASSIGNED)
    if not len(positions):
        raise LabelColumnError(f"obs['{label_column}'] is empty: the data have no cells", hint="pass annotated cells")
    counts = dict(zip(names, np.bincount(positions, minlength=len(names)).tolist(), strict=True))
    order = sorted((name for name in names if counts[name]), key=lambda name: (name in NOT_TYPES, -counts[name], name))
    if types_only:
        order = [name for name in order if name not in NOT_TYPES]
    codes = pd.Index(order, dtype=object).get_indexer(pd.Index(names, dtype=object))
    return Groups(tuple(order), codes.astype(np.int32)[positions])


def obs_column(adata: AnnData, name: str) -> pd.Series:
    """Return a column of ``obs``; raise `LabelColumnError` with the existing columns if there is no such column."""
    require_column(adata.obs, name)
    values: pd.Series = adata.obs[name]
    return values


def numeric_column(adata: AnnData, name: str) -> NDArray[np.float64]:
    """Return a column of ``obs`` as float64, shape (n_cells,); values that are not numbers become NaN.

    Raises
    ------
    InputError
        The column has values, and none of them is a number.
    """
    column = obs_column(adata, name)
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    if np.isnan(values).all() and column.notna().any():
        example = short(column[column.notna()].iloc[0])
        raise InputError(f"obs[{name!r}] has no numbers (first value: {example:.60})", hint="name a column of numbers")
    return values


def type_colors(adata: AnnData, label_column: str) -> dict[str, str]:
    """Return a colour for every label of a column, so that a type has the same colour in all figures.

    The colours of the model have priority, then those in ``uns["{column}_colors"]``; other labels get new colours.
    """
    names = sorted(group_cells(adata, label_column).names)
    existing = manifest_value(adata, COLORS_KEY) or _scanpy_colors(adata, label_column)
    return cell_type_colors(names, keep={name: color for name, color in existing.items() if name in set(names)})


def _scanpy_colors(adata: AnnData, label_column: str) -> dict[str, str]:
    colors = adata.uns.get(f"{label_column}_colors")
    labels = adata.obs[label_column]
    if colors is None or not isinstance(labels.dtype, pd.CategoricalDtype) or len(colors) < len(labels.cat.categories):
        return {}
    return {str(name): str(color) for name, color in zip(labels.cat.categories, colors, strict=False)}
