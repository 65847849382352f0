"""Cell Ontology ids that came with the data."""

from typing import Any

import pandas as pd
from anndata import AnnData

from spatialcore.annotation.ontology.hierarchy import current_id
from spatialcore.columns import ONTOLOGY_ID, REFERENCE_SOURCE
from spatialcore.core.logging import get_logger

logger = get_logger(__name__)


def has_ontology_ids(adata: AnnData, id_col: str = ONTOLOGY_ID, label_col: str = "cell_type") -> dict[str, Any]:
    """Say how many cells have a usable Cell Ontology id.

    Parameters
    ----------
    adata
        Cells by genes.
    id_col
        Column of ids.
    label_col
        Accepted for symmetry with `add_ontology_ids`; the answer does not depend on it.

    Returns
    -------
    ``has_column``, ``coverage`` (0 to 1), ``n_with_ids``, ``n_without_ids``, ``unique_ids`` and ``by_source``
    (coverage per value of ``reference_source``, where there is that column).

    Examples
    --------
    >>> import anndata, numpy
    >>> has_ontology_ids(anndata.AnnData(numpy.zeros((2, 1))))["coverage"]
    0.0
    """
    present = id_col in adata.obs.columns
    ids = live_ids(adata.obs, id_col)
    usable = ids != ""
    by_source: dict[str, float] = {}
    if present and REFERENCE_SOURCE in adata.obs.columns:
        shares = usable.groupby(adata.obs[REFERENCE_SOURCE].astype(str)).mean()
        by_source = {str(source): float(share) for source, share in shares.items()}
    return {
        "has_column": present,
        "coverage": float(usable.mean()) if adata.n_obs else 0.0,
        "n_with_ids": int(usable.sum()),
        "n_without_ids": int((~usable).sum()),
        "unique_ids": sorted(set(ids[usable])),
        "by_source": by_source,
    }


def live_ids(obs: pd.DataFrame, column: str) -> pd.Series:
    """Return a column's ids by cell, retired ones as their replacement; empty where there is no live term."""
    if column not in obs.columns:
        return pd.Series("", index=obs.index, dtype=object)
    given = obs[column].astype(object).where(obs[column].notna(), "").astype(str).str.strip()
    live = {term: current_id(term) or "" for term in given.unique()}
    strange = sorted(term for term, current in live.items() if not current and term.startswith("CL:"))
    if strange:
        logger.warning("%s holds ids that the Cell Ontology does not have: %s", column, ", ".join(strange[:5]))
    return given.map(live)
