"""The cells' table of a CELLxGENE data set: what the portal derives is left to it, calls and their ids agree."""

from collections import Counter

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.ontology.hierarchy import current_id, hierarchy, name_of
from spatialcore.errors import InputError
from spatialcore.io.cellxgene.sample_metadata import UNKNOWN

# "eukaryotic cell", "animal cell" and the like say less than "unknown", and the schema refuses them
FORBIDDEN = frozenset({"CL:0000255", "CL:0000257", "CL:0000548"})
# the portal writes these itself, from the ids
RESERVED = frozenset(
    (
        *("assay", "cell_type", "development_stage", "disease", "organism", "self_reported_ethnicity", "sex", "tissue"),
        *("observation_joinid", "experimental_condition", "perturbation_types"),
        *("organism_ontology_term_id", "ethnicity", "ethnicity_ontology_term_id"),
        columns.ONTOLOGY_LABEL,  # of an unassigned cell it would say more than "unknown"
    )
)
AUTHOR_CELL_TYPE = "author_cell_type"


def cell_columns(adata: AnnData) -> pd.DataFrame:
    """Return the cells' columns that the schema allows, text as categories, with the ids of their types."""
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
    """Return the id of each cell's type as the schema wants it: a live term that is not too general, else "unknown".

    Raises
    ------
    InputError
        A call names one term and its id another.
    """
    calls = adata.obs[columns.CELL_TYPE].astype(str)
    ids = adata.obs.get(columns.ONTOLOGY_ID, pd.Series("", index=adata.obs_names)).astype(str)
    pairs = Counter(zip(calls, ids, strict=True))
    term = {pair: _term(*pair) for pair in pairs}
    by_name = {name: identifier for identifier, name in hierarchy().names.items()}
    wrong = [
        f"{call!r} with {found} ({name_of(found)})"
        for (call, _), found in term.items()
        if found != UNKNOWN and by_name.get(call, found) != found
    ]
    if wrong:
        raise InputError(
            f"calls and ids disagree: {'; '.join(wrong[:5])}",
            hint="cell_type was changed after the annotation: run add_ontology_ids again",
        )
    return [term[pair] for pair in zip(calls, ids, strict=True)]


def _term(call: str, identifier: str) -> str:
    if call in {columns.UNASSIGNED, columns.LOW_COUNT, "nan", ""}:
        return UNKNOWN
    term = current_id(identifier)
    return UNKNOWN if term is None or {term, identifier} & FORBIDDEN else term
