"""Cells by type: which types there are, in what order, in what colours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore import columns
from spatialcore.core.palette import palette
from spatialcore.errors import LabelColumnError

NOT_TYPES = (columns.UNASSIGNED, columns.LOW_COUNT)
COLORS_KEY = "colors_json"


@dataclass(frozen=True)
class Groups:
    """Cells sorted into named types.

    Parameters
    ----------
    names
        The types, largest first; cells without a type come last.
    codes
        Per cell the position of its type in ``names``, or -1 where the cell is left out.
    """

    names: tuple[str, ...]
    codes: NDArray[np.intp]

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """Cells per type."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names)).astype(np.intp)

    def members(self, index: int) -> NDArray[np.intp]:
        """Return the positions of a type's cells."""
        return np.flatnonzero(self.codes == index)

    def keep(self, names: Sequence[str]) -> "Groups":
        """Return only these types, in this order; the other cells are left out."""
        position = {name: place for place, name in enumerate(names)}
        lookup = np.array([position.get(name, -1) for name in self.names] + [-1], dtype=np.intp)
        return Groups(tuple(names), lookup[self.codes])

    def at_least(self, n_cells: int) -> "Groups":
        """Return only the types with this many cells."""
        return self.keep([name for name, size in zip(self.names, self.sizes, strict=True) if size >= n_cells])

    def smaller_than(self, n_cells: int) -> list[str]:
        """Name the types with fewer cells, with their sizes, for the note under a figure."""
        return [f"{name} ({size})" for name, size in zip(self.names, self.sizes, strict=True) if size < n_cells]


def group_cells(adata: AnnData, label_column: str, *, types_only: bool = False) -> Groups:
    """Sort cells by a column of labels.

    Parameters
    ----------
    adata
        Any annotated data.
    label_column
        Column of ``obs``. A missing label counts as unassigned.
    types_only
        Leave out cells that have no type.

    Raises
    ------
    LabelColumnError
        The column is not there, or there are no cells.
    """
    labels = column(adata, label_column).astype(object)
    labels = labels.where(labels.notna(), columns.UNASSIGNED).astype(str)
    counts = labels.value_counts()
    if counts.empty:
        raise LabelColumnError(f"obs['{label_column}'] holds no label: there are no cells", hint="pass annotated data")
    order = sorted(counts.index, key=lambda name: (name in NOT_TYPES, -counts[name], name))
    if types_only:
        order = [name for name in order if name not in NOT_TYPES]
    codes = pd.Categorical(labels, categories=order).codes.astype(np.intp)
    return Groups(tuple(order), codes)


def column(adata: AnnData, name: str) -> pd.Series:
    """Return a column of ``obs`` or say which there are."""
    if name not in adata.obs:
        known = ", ".join(map(str, adata.obs.columns[:20]))
        raise LabelColumnError(f"Label column not found: obs has no '{name}'", hint=f"obs has: {known or 'no column'}")
    held: pd.Series = adata.obs[name]
    return held


def numbers(adata: AnnData, name: str) -> NDArray[np.float64]:
    """Return a numeric column of ``obs``; what is no number becomes NaN."""
    return pd.to_numeric(column(adata, name), errors="coerce").to_numpy(dtype=np.float64)


def type_colors(adata: AnnData, label_column: str) -> dict[str, str]:
    """Return a colour for every label of a column: the model's, else scanpy's ``uns["{column}_colors"]``, else own.

    All figures of one AnnData ask here, so a type has one colour throughout.
    """
    names = sorted(group_cells(adata, label_column).names)
    known = _recorded(adata) or _scanpy_colors(adata, label_column)
    return palette(names, keep={name: color for name, color in known.items() if name in set(names)})


def _recorded(adata: AnnData) -> dict[str, str]:
    manifest = adata.uns.get(columns.MANIFEST, {})
    text = manifest.get(COLORS_KEY) if isinstance(manifest, Mapping) else None
    return dict(json.loads(text)) if isinstance(text, str) else {}


def _scanpy_colors(adata: AnnData, label_column: str) -> dict[str, str]:
    colors = adata.uns.get(f"{label_column}_colors")
    labels = adata.obs[label_column]
    if colors is None or not isinstance(labels.dtype, pd.CategoricalDtype) or len(colors) < len(labels.cat.categories):
        return {}
    return {str(name): str(color) for name, color in zip(labels.cat.categories, colors, strict=False)}
