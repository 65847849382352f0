"""obs frame of a CELLxGENE data set: without columns that the portal derives, and with consistent ids of calls."""

from collections import Counter

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.ontology.hierarchy import current_id, hierarchy, name_of
from spatialcore.errors import InputError
from spatialcore.io.cellxgene.sample_metadata import UNKNOWN

# "eukaryotic cell", "animal cell" and the like are too general for the schema; "unknown" is used instead
FORBIDDEN = frozenset({"CL:0000255", "CL:0000257", "CL:0000548"})
# columns that the portal derives from the ids
RESERVED = frozenset(
    (
        *("assay", "cell_type", "development_stage", "disease", "organism", "self_reported_ethnicity", "sex", "tissue"),
        *("observation_joinid", "experimental_condition", "perturbation_types"),
        *("organism_ontology_term_id", "ethnicity", "ethnicity_ontology_term_id"),
        columns.ONTOLOGY_LABEL,  # would be inconsistent with "unknown" for unassigned cells
    )
)
AUTHOR_CELL_TYPE = "author_cell_type"


def cell_columns(adata: AnnData) -> pd.DataFrame:
    """Return the columns of obs that the schema allows, strings as categories, with the ids of the cell types."""
    allowed = [name for name in adata.obs if name not in RESERVED and not str(name).startswith("__")]
    obs: pd.DataFrame = adata.obs[allowed].copy()
    for name in obs:
        if not (pd.api.types.is_numeric_dtype(obs[name]) or pd.api.types.is_bool_dtype(obs[name])):
            obs[name] = pd.Categorical(obs[name].astype(object).where(obs[name].notna(), "").astype(str))
    calls = adata.obs[columns.CELL_TYPE].astype(object).where(adata.obs[columns.CELL_TYPE].notna(), columns.UNASSIGNED)
    obs[AUTHOR_CELL_TYPE] = pd.Categorical(calls.astype(str))
    obs[columns.ONTOLOGY_ID] = pd.Categorical(cell_type_ids(adata))
    return obs


def cell_type_ids(adata: AnnData) -> list[str]:
    """Return the Cell Ontology id of each cell: a current term that is not too general, else "unknown".

    Raises
    ------
    InputError
        A call and its id are of different terms.
    """
    calls = adata.obs[columns.CELL_TYPE].astype(str)
    ids = adata.obs.get(columns.ONTOLOGY_ID, pd.Series("", index=adata.obs_names)).astype(str)
    pairs = Counter(zip(calls, ids, strict=True))
    term = {pair: _term(*pair) for pair in pairs}
    by_name = {name: identifier for identifier, name in hierarchy().names.items()}
    inconsistent = [
        f"{call!r} with {identifier} ({name_of(identifier)})"
        for (call, _), identifier in term.items()
        if identifier != UNKNOWN and by_name.get(call, identifier) != identifier
    ]
    if inconsistent:
        raise InputError(
            f"cell types and ids do not match: {'; '.join(inconsistent[:5])}",
            hint="cell_type may have changed after the annotation: run add_ontology_ids again",
        )
    return [term[pair] for pair in zip(calls, ids, strict=True)]


def _term(call: str, identifier: str) -> str:
    if call in {columns.UNASSIGNED, columns.LOW_COUNT, "nan", ""}:
        return UNKNOWN
    term = current_id(identifier)
    return UNKNOWN if term is None or {term, identifier} & FORBIDDEN else term
