"""Names of a reference's taxonomy (class, subclass, supertype ...) written with the calls.

A reference names its cells at several levels. The model is trained on one of them; for the others each class of the
model keeps the name that its training cells have, where nearly all of them agree, and every cell of it gets it.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.categories import as_texts, named

AGREEING: Final = 0.9


def level_column(level: str) -> str:
    """Return the obs column of reference cells with their names at a level."""
    return f"{columns.REFERENCE_LEVEL}{level}"


def describe_levels(obs: pd.DataFrame, classes: pd.Series) -> dict[str, dict[str, str]]:
    """Return, per level, the name of each class that at least AGREEING of its training cells have.

    Parameters
    ----------
    obs
        Columns of the training cells; levels are those that :func:`level_column` names.
    classes
        The class of each cell.

    Examples
    --------
    >>> obs = pd.DataFrame({"reference_level_class": ["Glut", "Glut", "GABA"]})
    >>> describe_levels(obs, pd.Series(["L5 ET", "L5 ET", "Sst"]))
    {'class': {'L5 ET': 'Glut', 'Sst': 'GABA'}}
    """
    levels = [name for name in obs.columns if str(name).startswith(columns.REFERENCE_LEVEL)]
    return {str(name).removeprefix(columns.REFERENCE_LEVEL): _shared_names(obs[name], classes) for name in levels}


def _shared_names(names: pd.Series, classes: pd.Series) -> dict[str, str]:
    frame = pd.DataFrame({"class": np.asarray(classes, dtype=object), "name": np.asarray(names.astype(object))})
    frame = frame[frame["name"].notna() & (frame["name"] != "")]
    counts = frame.value_counts(["class", "name"]).reset_index(name="n")
    counts["share"] = counts["n"] / counts.groupby("class")["n"].transform("sum")
    shared = counts[counts["share"] >= AGREEING].sort_values("class")
    return dict(zip(shared["class"].astype(str), shared["name"].astype(str), strict=True))


def write_taxonomy(adata: AnnData, levels: dict[str, dict[str, str]]) -> None:
    """Write ``cell_type_taxonomy_<level>``: the name of each cell's best class, without regard to its confidence.

    It is empty for cells without counts, and for classes whose training cells disagree.
    """
    if not levels:
        return
    calls = as_texts(adata.obs[columns.PREDICTED]).array
    for level, names in levels.items():
        table = pd.Index([names.get(str(call), "") for call in calls.categories], dtype=object)
        adata.obs[f"{columns.TAXONOMY}{level}"] = named(np.asarray(calls.codes), table, "")


def levels_of(frame: pd.DataFrame, requested: Sequence[str]) -> "dict[str, pd.Series[Any]]":
    """Return the columns of a reference that are requested levels, under the names they have in training."""
    return {level_column(level): frame[level].astype(object) for level in requested if level in frame}
