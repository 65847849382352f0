"""The classes of training cells and their Cell Ontology terms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialcore import columns
from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import list_names, number_of
from spatialcore.core.validation import require_column
from spatialcore.errors import InputError, LabelColumnError

log = get_logger(__name__)
_EMPTY = frozenset({"", "nan", "none", "na", "unknown"})


@dataclass(frozen=True)
class ClassLabels:
    """The classes of the labelled cells.

    Parameters
    ----------
    rows
        Positions of the labelled cells.
    codes
        Class of each labelled cell.
    names
        Names of the classes, sorted.
    ontology_ids
        Class -> the most frequent Cell Ontology id of its cells, or empty text.
    n_unlabelled
        Number of cells without a label, which are left out.
    """

    rows: npt.NDArray[np.intp]
    codes: npt.NDArray[np.intp]
    names: tuple[str, ...]
    ontology_ids: dict[str, str]
    n_unlabelled: int


def read_labels(obs: pd.DataFrame, label_column: str, ontology_column: str) -> ClassLabels:
    """Read the classes from obs.

    Where the label column has Cell Ontology ids, a class gets the name of its term; a cell without an id gets its
    original label.

    Raises
    ------
    LabelColumnError
        The column is missing, has no label, or has a single class.
    """
    require_column(obs, label_column)
    ids = _texts(obs[ontology_column]) if ontology_column in obs else np.full(len(obs), "", dtype=object)
    texts = _texts(obs[label_column])
    if any(text.startswith("CL:") for text in texts):
        texts, ids = _names_of_ids(texts, obs)
    rows = np.flatnonzero(texts != "")
    if len(rows) < len(texts):
        log.warning("left out %s without a label in %r", number_of(len(texts) - len(rows), "cell"), label_column)
    names, codes = np.unique(texts[rows].astype(str), return_inverse=True)
    if len(names) < 2:
        content = f"only {str(names[0])!r}" if len(names) else "no label"
        raise LabelColumnError(
            f"{label_column!r} has {content}: a classifier needs at least two classes",
            hint="add a reference with other cell types, or choose another label column",
        )
    table = _majority(names[codes], ids[rows])
    return ClassLabels(rows, codes.astype(np.intp), tuple(map(str, names)), table, len(texts) - len(rows))


def drop_empty_classes(labels: ClassLabels, totals: npt.NDArray[np.float64]) -> ClassLabels:
    """Leave out classes without counts.

    Parameters
    ----------
    labels
        The classes.
    totals
        Of each labelled cell, the sum of its values.

    Raises
    ------
    LabelColumnError
        Fewer than two classes are left.
    """
    filled = filled_classes(labels.codes, labels.names, totals > 0)
    if filled.all():
        return labels
    cells = filled[labels.codes]
    names = tuple(name for name, is_filled in zip(labels.names, filled, strict=True) if is_filled)
    codes = (np.cumsum(filled) - 1)[labels.codes[cells]].astype(np.intp)
    ids = {name: labels.ontology_ids[name] for name in names if name in labels.ontology_ids}
    return ClassLabels(labels.rows[cells], codes, names, ids, labels.n_unlabelled + int((~cells).sum()))


def filled_classes(
    codes: npt.NDArray[np.integer[Any]], names: Sequence[str], has_counts: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return whether each class has a cell with counts; the others cannot be trained and are named in a warning.

    Parameters
    ----------
    codes
        Class of each cell.
    names
        Names of the classes.
    has_counts
        Of each cell, whether it has counts on the genes.

    Raises
    ------
    LabelColumnError
        Fewer than two classes have counts, and others have none.

    Examples
    --------
    >>> has_counts = np.array([True, False, False, True])
    >>> filled_classes(np.array([0, 0, 1, 2]), ["B", "NK", "T"], has_counts).tolist()
    [True, False, True]
    """
    filled = np.bincount(codes, weights=has_counts, minlength=len(names)) > 0
    empty = [name for name, is_filled in zip(names, filled, strict=True) if not is_filled]
    if empty and filled.sum() < 2:
        raise LabelColumnError(
            f"classes without counts on the genes: {len(empty)} of {len(names)} ({list_names(empty, 5)})",
            hint="pass references that measure the panel's genes",
        )
    if empty:
        log.warning("classes without counts on the genes are left out: %s", list_names(empty))
    return filled


def require_repeats(sizes: Iterable[int]) -> None:
    """Raise if no class has two cells: calibration and held-out figures need one to train on and one to hold out.

    Raises
    ------
    InputError
        Each class has a single cell.
    """
    n_cells = list(sizes)
    if max(n_cells, default=0) < 2:
        raise InputError(
            f"each of {number_of(len(n_cells), 'class', 'classes')} has one training cell: a model is calibrated on "
            "held-out cells, and needs two of a class",
            hint="raise max_cells_per_ref or max_cells_per_type, or pass a reference with more cells",
        )


def _texts(column: "pd.Series[Any]") -> npt.NDArray[np.object_]:
    values = column.astype(object).to_numpy()
    return np.array(["" if pd.isna(value) else str(value).strip() for value in values], dtype=object)


def _names_of_ids(
    texts: npt.NDArray[np.object_], obs: pd.DataFrame
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    from spatialcore.annotation.ontology.hierarchy import name_of

    term_names = {text: name_of(text) or text for text in set(texts) if text.startswith("CL:")}
    labels = (
        _texts(obs[columns.ORIGINAL_LABEL]) if columns.ORIGINAL_LABEL in obs else np.full(len(obs), "", dtype=object)
    )
    names = [
        term_names.get(text) or ("" if text.lower() in _EMPTY else text) or label
        for text, label in zip(texts, labels, strict=True)
    ]
    ids = [text if text in term_names else "" for text in texts]
    return np.array(names, dtype=object), np.array(ids, dtype=object)


def _majority(names: npt.NDArray[np.str_], ids: npt.NDArray[np.object_]) -> dict[str, str]:
    ids = np.array(["" if str(one).lower() in _EMPTY else one for one in ids], dtype=object)
    frame = pd.DataFrame({"name": names, "id": ids})
    counts = frame.groupby(["name", "id"], sort=True).size().reset_index(name="n")
    counts["named"] = counts["id"] != ""
    best = counts.sort_values(["named", "n", "id"], ascending=[True, True, False]).drop_duplicates("name", keep="last")
    return dict(zip(best["name"].astype(str), best["id"].astype(str), strict=True))
