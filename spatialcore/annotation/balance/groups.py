"""The type and the source of each cell, by which training cells are balanced."""

from typing import Any

import numpy as np
import pandas as pd

from spatialcore.annotation.ontology.hierarchy import is_term, name_of
from spatialcore.columns import ONTOLOGY_ID, ONTOLOGY_LABEL, UNIFIED_CELL_TYPE
from spatialcore.core.categories import categorical
from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import list_names, number_of
from spatialcore.errors import InputError

log = get_logger(__name__)


def _texts(column: "pd.Series[Any]") -> pd.Categorical:
    """Return a column as sorted text categories; NaN and empty text become NaN."""
    labels = column.astype("category")
    texts = [str(category).strip() for category in labels.cat.categories]
    unique = sorted({text for text in texts if text})
    positions = {text: position for position, text in enumerate(unique)}
    renamed = np.array([positions.get(text, -1) for text in texts] + [-1])
    return categorical(renamed[labels.cat.codes.to_numpy()], unique)


def group_cells(obs: pd.DataFrame, label_column: str, group_by_column: str | None) -> pd.Categorical:
    """Return the group of each cell: its id, or else its label; NaN without a label."""
    labels = _texts(obs[label_column])
    n_missing = int((labels.codes < 0).sum())
    if n_missing:
        log.warning("left out %s without a label in '%s'", number_of(n_missing, "cell"), label_column)
    if group_by_column is None:
        return labels.remove_unused_categories()
    ids = _texts(obs[group_by_column])
    names = sorted({*ids.categories, *labels.categories})
    positions = {name: position for position, name in enumerate(names)}
    of_id = np.array([positions[name] for name in ids.categories] + [-1])
    of_label = np.array([positions[name] for name in labels.categories] + [-1])
    codes = np.where(ids.codes >= 0, of_id[ids.codes], of_label[labels.codes])
    codes = np.where(labels.codes >= 0, codes, -1)
    return categorical(codes, names).remove_unused_categories()


def _display_name(group: str) -> str:
    """Return the name of a term; labels are unchanged."""
    return name_of(group) if is_term(group) else group


def without_rare(groups: pd.Categorical, minimum: int) -> pd.Categorical:
    """Set the groups with fewer cells than a minimum to NaN.

    Raises
    ------
    InputError
        No group is left.
    """
    counts = np.bincount(groups.codes[groups.codes >= 0], minlength=len(groups.categories))
    rare = [str(name) for name in groups.categories[counts < minimum]]
    if rare:
        sizes = dict(zip(groups.categories, counts, strict=True))
        listed = list_names((f"{_display_name(name)} ({sizes[name]})" for name in rare), 10)
        log.warning("types with fewer than %d cells are left out: %s", minimum, listed)
    frequent = groups.remove_categories(rare)
    if len(frequent.categories) == 0:
        raise InputError(
            f"no cell type has {minimum} cells (the largest of {len(counts)} has {int(counts.max(initial=0))})",
            hint="lower min_cells_per_type, or add a reference",
        )
    return frequent


def sources_of(obs: pd.DataFrame, column: str | None) -> pd.Categorical:
    """Return the source of each cell; without a column all cells have the same source."""
    if column is None:
        return categorical(np.zeros(len(obs), np.int64), ["all"])
    sources = _texts(obs[column])
    if (sources.codes < 0).any():  # cells without a source form a source of their own
        codes = np.where(sources.codes < 0, len(sources.categories), sources.codes)
        return categorical(codes, [*sources.categories, "(none)"])
    return sources


def other_names(obs: pd.DataFrame, groups: pd.Categorical, label_column: str) -> dict[str, set[int]]:
    """Return, for every name of the cells (label, id, term, class), the groups of these cells."""
    names: dict[str, set[int]] = {}
    for column in dict.fromkeys((label_column, ONTOLOGY_ID, ONTOLOGY_LABEL, UNIFIED_CELL_TYPE)):
        if column in obs:
            named = _texts(obs[column])
            pairs = np.unique(np.stack([named.codes, groups.codes], axis=1), axis=0)
            for name, group in pairs[(pairs >= 0).all(axis=1)]:
                names.setdefault(str(named.categories[name]), set()).add(int(group))
    return names
