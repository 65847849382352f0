"""Filters of calls. No cell is removed; a cell that loses its call gets the reason."""

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore.columns import (
    CELL_TYPE,
    CONFIDENCE,
    LOW_COUNT,
    REASON_LOW_CONFIDENCE,
    REASON_LOW_COUNT_TYPE,
    UNASSIGNED,
    UNASSIGNED_REASON,
)
from spatialcore.core.categories import as_texts, coded_labels, named
from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import number_of
from spatialcore.core.validation import require_column, require_whole, require_within, takes_adata, to_change
from spatialcore.errors import InputError

log = get_logger(__name__)


@takes_adata
def filter_low_confidence(
    adata: AnnData,
    label_column: str = CELL_TYPE,
    confidence_column: str = CONFIDENCE,
    threshold: float = 0.8,
    unassigned_label: str = UNASSIGNED,
    copy: bool = False,
) -> AnnData:
    """Mark the cells whose confidence is below a threshold as unassigned.

    A confidence of NaN is below every threshold. NaN labels and the type of the column are not changed.
    ``cell_type_unassigned_reason`` becomes "low_confidence" where a call is removed.

    Parameters
    ----------
    adata
        Annotated cells.
    label_column
        The obs column of calls, changed in place unless ``copy``.
    confidence_column
        The obs column of confidences.
    threshold
        Between 0 and 1; the call of a cell exactly at the threshold is not changed.
    unassigned_label
        The new call of these cells.
    copy
        Return a modified copy; by default `adata` is modified.

    Returns
    -------
    AnnData
        `adata` itself, or the changed copy.

    Raises
    ------
    LabelColumnError
        A column is missing.
    InputError
        The threshold is outside [0, 1], or the confidences are not numeric.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> obs = pd.DataFrame({"cell_type": ["B cell", "T cell"], "cell_type_confidence": [0.9, 0.3]}, index=["a", "b"])
    >>> list(filter_low_confidence(anndata.AnnData(np.ones((2, 1)), obs=obs)).obs["cell_type"])
    ['B cell', 'Unassigned']
    """
    require_within("threshold", threshold, 0, 1, hint="0.8 is the default")
    require_column(adata.obs, label_column)
    require_column(adata.obs, confidence_column, what="Confidence column")
    if not pd.api.types.is_numeric_dtype(adata.obs[confidence_column]):
        raise InputError(f"column '{confidence_column}' is not numeric", hint="pass the column of confidences")
    out = to_change(adata, copy=copy)
    confidence = out.obs[confidence_column].to_numpy(dtype=np.float64, na_value=np.nan)
    low = ~(confidence >= threshold)
    n = _replace_calls(out, label_column, low, unassigned_label, REASON_LOW_CONFIDENCE)
    log.info("%d of %d calls are below a confidence of %g", n, out.n_obs, threshold)
    return out


@takes_adata
def filter_low_count_types(
    adata: AnnData,
    label_column: str = CELL_TYPE,
    min_cells: int = 15,
    unassigned_label: str = LOW_COUNT,
    copy: bool = False,
) -> AnnData:
    """Mark the cells of rare types.

    NaN and "Unassigned" are neither counted nor changed.

    Parameters
    ----------
    adata
        Annotated cells.
    label_column
        The obs column of calls, changed in place unless ``copy``.
    min_cells
        Types with fewer cells are marked.
    unassigned_label
        The new call of these cells.
    copy
        Return a modified copy; by default `adata` is modified.

    Returns
    -------
    AnnData
        `adata` itself, or the changed copy.

    Raises
    ------
    LabelColumnError
        The column is missing.
    InputError
        ``min_cells`` is negative.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> obs = pd.DataFrame({"cell_type": ["B cell"] * 3 + ["T cell"]}, index=list("abcd"))
    >>> list(filter_low_count_types(anndata.AnnData(np.ones((4, 1)), obs=obs), min_cells=2).obs["cell_type"])
    ['B cell', 'B cell', 'B cell', 'Low_count']
    """
    require_whole("min_cells", min_cells, minimum=0, hint="15 is the default")
    require_column(adata.obs, label_column)
    out = to_change(adata, copy=copy)
    labels = out.obs[label_column]
    counts = labels.value_counts()
    rare = [label for label, n in counts.items() if 0 < n < min_cells and label not in (UNASSIGNED, unassigned_label)]
    n = _replace_calls(out, label_column, labels.isin(rare).to_numpy(), unassigned_label, REASON_LOW_COUNT_TYPE)
    log.info("types with fewer than %d cells: %d, with %s", min_cells, len(rare), number_of(n, "cell"))
    return out


def _replace_calls(adata: AnnData, column: str, cells: NDArray[np.bool_], label: str, reason: str) -> int:
    """Replace the labels of some cells, except NaN, add the reason, and return their number."""
    labels = adata.obs[column]
    changed = cells & labels.notna().to_numpy() & (as_texts(labels) != label).to_numpy()
    if isinstance(labels.dtype, pd.CategoricalDtype):
        needs_category = changed.any() and label not in labels.cat.categories
        extended = labels.cat.add_categories([label]) if needs_category else labels
        replaced = extended.mask(changed, label) if changed.any() else extended
        adata.obs[column] = replaced.cat.remove_unused_categories()
    else:
        adata.obs[column] = labels.mask(changed, label)
    _set_reason(adata, changed, reason)
    return int(changed.sum())


def _set_reason(adata: AnnData, cells: NDArray[np.bool_], reason: str) -> None:
    codes, names = np.zeros(adata.n_obs, dtype=np.intp), [""]
    if UNASSIGNED_REASON in adata.obs:
        codes, names = coded_labels(adata.obs[UNASSIGNED_REASON], "")
    adata.obs[UNASSIGNED_REASON] = named(np.where(cells, len(names), codes), [*names, reason], "")
