"""Cells in an open Census: which of them fit a query, and what they express."""

import warnings
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spatialcore.errors import InputError
from spatialcore.sources.census_query import CensusQuery
from spatialcore.sources.census_release import read_table, require_census
from spatialcore.storage.faults import attempt

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

CellIds = np.ndarray[Any, np.dtype[np.int64]]

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


def fitting_cells(census: Any, query: CensusQuery) -> "pd.DataFrame":
    """Return id (``soma_joinid``), label and data set of every cell that fits.

    Raises
    ------
    InputError
        If none does; values that come near to those asked for are named.
    """
    columns = ["soma_joinid", "cell_type", "dataset_id"]
    obs = read_table(_table(census, query.organism), value_filter=query.value_filter(), column_names=columns)
    if obs.empty:
        raise InputError(f"no cell of the Census fits {query.value_filter()}", hint=_near(census, query))
    return obs


def read_cells(census: Any, organism: str, ids: CellIds) -> "AnnData":
    """Return raw counts and the usual columns of these cells; a fault of the network is tried again."""
    client = require_census()
    there = set(_table(census, organism).keys())

    def once() -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Transforming to str index")
            return client.get_anndata(
                census,
                organism.replace("_", " ").capitalize(),
                obs_coords=ids.tolist(),
                obs_column_names=["soma_joinid", *(name for name in OBS_COLUMNS if name in there)],
            )

    return _named(attempt(once, what=f"fetch {len(ids)} cells from the Census"))


def _table(census: Any, organism: str) -> Any:
    return census["census_data"][organism].obs


def _named(adata: "AnnData") -> "AnnData":
    """Name cells by their ids and genes by Ensembl's."""
    adata.obs_names = [f"census-{joinid}" for joinid in adata.obs.pop("soma_joinid")]
    if "feature_id" in adata.var:
        adata.var = adata.var.set_index("feature_id").drop(columns="soma_joinid", errors="ignore")
        adata.var.index.name = None
    return adata


def _near(census: Any, query: CensusQuery) -> str:
    """Say which values come near to those that were asked for."""
    info = census["census_info"]
    if "summary_cell_counts" not in info:
        return "check the spelling of each value, or ask for fewer columns"
    counts = read_table(info["summary_cell_counts"])
    hints = []
    for name, values in query.filters:
        labels = set(counts.loc[counts["category"].isin([name, f"{name}_general"]), "label"].astype(str))
        for value in values:
            if value not in labels and (near := get_close_matches(value, labels, n=3, cutoff=0.4)):
                hints.append(f"{name}={value}: did you mean {' or '.join(near)}?")
    return "; ".join(hints) or "every value exists, but no cell has all of them"
