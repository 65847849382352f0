"""Select cells of an open Census, and read their expression."""

import warnings
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from spatialcore.core.types import Ints
from spatialcore.errors import InputError
from spatialcore.sources.census_query import CensusQuery
from spatialcore.sources.census_release import Census, read_table, require_census
from spatialcore.storage.retry import attempt

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

OBS_COLUMNS: Final = (
    "cell_type",
    "cell_type_ontology_term_id",
    "tissue",
    "tissue_general",
    "disease",
    "assay",
    "sex",
    "suspension_type",
    "development_stage",
    "donor_id",
    "dataset_id",
    "is_primary_data",
)


def matching_cells(census: Census, query: CensusQuery) -> "pd.DataFrame":
    """Return id (``soma_joinid``), label and data set of the cells that match a query.

    Raises
    ------
    InputError
        No cell matches; the hint names similar values.
    """
    columns = ["soma_joinid", "cell_type", "dataset_id"]
    obs = read_table(_table(census, query.organism), value_filter=query.value_filter(), column_names=columns)
    if obs.empty:
        raise InputError(f"no cell of the Census matches {query.value_filter()}", hint=_similar_values(census, query))
    return obs


def read_cells(census: Census, organism: str, ids: Ints) -> "AnnData":
    """Return raw counts and selected columns of these cells; network errors are retried."""
    client = require_census()
    available = set(_table(census, organism).keys())

    def get_anndata() -> "AnnData":
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Transforming to str index")
            adata: AnnData = client.get_anndata(
                census,
                organism.replace("_", " ").capitalize(),
                obs_coords=ids.tolist(),
                obs_column_names=["soma_joinid", *(name for name in OBS_COLUMNS if name in available)],
            )
            return adata

    return _with_names(attempt(get_anndata, what=f"download {len(ids)} cells from the Census"))


def _table(census: Census, organism: str) -> Any:
    return census["census_data"][organism].obs


def _with_names(adata: "AnnData") -> "AnnData":
    """Set obs_names to the cell ids and var_names to the Ensembl ids."""
    adata.obs_names = [f"census-{joinid}" for joinid in adata.obs.pop("soma_joinid")]
    if "feature_id" in adata.var:
        adata.var = adata.var.set_index("feature_id").drop(columns="soma_joinid", errors="ignore")
        adata.var.index.name = None
    return adata


def _similar_values(census: Census, query: CensusQuery) -> str:
    """Return a hint with existing values that are similar to those of the query."""
    info = census["census_info"]
    if "summary_cell_counts" not in info:
        return "check the spelling of the values, or use fewer filters"
    counts = read_table(info["summary_cell_counts"])
    hints = []
    for name, values in query.filters:
        labels = set(counts.loc[counts["category"].isin([name, f"{name}_general"]), "label"].astype(str))
        for value in values:
            if value not in labels and (near := get_close_matches(value, labels, n=3, cutoff=0.4)):
                hints.append(f"{name}={value}: did you mean {' or '.join(near)}?")
    return "; ".join(hints) or "all values exist, but no cell has all of them"
