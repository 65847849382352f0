"""Take back calls that are not to be trusted. No cell is removed, and each says why its call was taken back."""

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
from spatialcore.core.logging import get_logger
from spatialcore.core.validation import require_whole, require_within
from spatialcore.errors import InputError, LabelColumnError

log = get_logger(__name__)


def filter_low_confidence(
    adata: AnnData,
    label_column: str = CELL_TYPE,
    confidence_column: str = CONFIDENCE,
    threshold: float = 0.8,
    unassigned_label: str = UNASSIGNED,
    copy: bool = False,
) -> AnnData:
    """Mark the cells whose confidence is below a threshold as unassigned.

    A confidence of NaN is below every threshold. A label of NaN stays NaN, and a categorical column stays
    categorical. ``cell_type_unassigned_reason`` becomes "low_confidence" where a call is taken back here.

    Parameters
    ----------
    adata
        Annotated cells.
    label_column
        The obs column of calls, changed in place unless ``copy``.
    confidence_column
        The obs column of confidences.
    threshold
        In [0, 1]; a cell exactly at it is kept.
    unassigned_label
        What the call becomes.
    copy
        Return a changed copy instead of changing the object passed in.

    Raises
    ------
    LabelColumnError
        A column is missing.
    InputError
        The threshold is outside [0, 1], or the confidences are no numbers.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> obs = pd.DataFrame({"cell_type": ["B cell", "T cell"], "cell_type_confidence": [0.9, 0.3]}, index=["a", "b"])
    >>> list(filter_low_confidence(anndata.AnnData(np.ones((2, 1)), obs=obs)).obs["cell_type"])
    ['B cell', 'Unassigned']
    """
    require_within("threshold", threshold, 0, 1, hint="0.8 keeps the sure calls")
    require_column(adata, label_column, "Label column")
    require_column(adata, confidence_column, "Confidence column")
    if not pd.api.types.is_numeric_dtype(adata.obs[confidence_column]):
        raise InputError(f"column '{confidence_column}' holds no numbers", hint="pass the column of confidences")
    out = adata.copy() if copy else adata
    confidence = out.obs[confidence_column].to_numpy(dtype=np.float64, na_value=np.nan)
    doubtful = ~(confidence >= threshold)
    n = _take_back(out, label_column, doubtful, unassigned_label, REASON_LOW_CONFIDENCE)
    log.info("%d of %d calls are below a confidence of %g", n, out.n_obs, threshold)
    return out


def filter_low_count_types(
    adata: AnnData,
    label_column: str = CELL_TYPE,
    min_cells: int = 15,
    unassigned_label: str = LOW_COUNT,
    copy: bool = False,
) -> AnnData:
    """Mark the cells of types that have few cells.

    NaN and "Unassigned" are no types: they are neither counted nor changed.

    Parameters
    ----------
    adata
        Annotated cells.
    label_column
        The obs column of calls, changed in place unless ``copy``.
    min_cells
        Types with fewer cells are marked.
    unassigned_label
        What the call becomes.
    copy
        Return a changed copy instead of changing the object passed in.

    Raises
    ------
    LabelColumnError
        The column is missing.
    InputError
        ``min_cells`` is negative.
    """
    require_whole("min_cells", min_cells, minimum=0, hint="15 is the default")
    require_column(adata, label_column, "Label column")
    out = adata.copy() if copy else adata
    labels = out.obs[label_column]
    counts = labels.value_counts()
    rare = [label for label, n in counts.items() if 0 < n < min_cells and label not in (UNASSIGNED, unassigned_label)]
    n = _take_back(out, label_column, labels.isin(rare).to_numpy(), unassigned_label, REASON_LOW_COUNT_TYPE)
    log.info("%d cells of %d types with fewer than %d cells are marked", n, len(rare), min_cells)
    return out


def require_column(adata: AnnData, column: str, what: str = "Label column") -> None:
    """Raise the error that lists the columns there are, when one is missing."""
    if column not in adata.obs.columns:
        raise LabelColumnError(
            f"{what} '{column}' not found. Columns: {', '.join(map(str, adata.obs.columns)) or 'none'}",
            hint="list the columns with list(adata.obs.columns)",
        )


def _take_back(adata: AnnData, column: str, chosen: NDArray[np.bool_], label: str, reason: str) -> int:
    """Replace the chosen labels that are not NaN, note the reason, and return how many there were."""
    labels = adata.obs[column]
    chosen = chosen & labels.notna().to_numpy() & (labels.astype(object) != label).to_numpy()
    if isinstance(labels.dtype, pd.CategoricalDtype):
        known = labels if label in labels.cat.categories or not chosen.any() else labels.cat.add_categories([label])
        replaced = known.mask(chosen, label) if chosen.any() else known
        adata.obs[column] = replaced.cat.remove_unused_categories()
    else:
        adata.obs[column] = labels.mask(chosen, label)
    _note_reason(adata, chosen, reason)
    return int(chosen.sum())


def _note_reason(adata: AnnData, chosen: NDArray[np.bool_], reason: str) -> None:
    noted = (
        adata.obs[UNASSIGNED_REASON].astype(object).where(adata.obs[UNASSIGNED_REASON].notna(), "")
        if UNASSIGNED_REASON in adata.obs
        else pd.Series("", index=adata.obs.index, dtype=object)
    )
    values = noted.to_numpy(dtype=object).copy()
    values[chosen] = reason
    adata.obs[UNASSIGNED_REASON] = pd.Categorical(values)
