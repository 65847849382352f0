"""Metadata of a sample that the CELLxGENE schema requires."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from spatialcore.core.genes.names import Species
from spatialcore.errors import InputError

ORGANISM: dict[Species, str] = {"human": "NCBITaxon:9606", "mouse": "NCBITaxon:10090"}
# Xenium and CosMx have EFO terms only as instruments, which the schema does not accept as assays.
IMAGING = "EFO:0022955"
ASSAY = {"Xenium": IMAGING, "CosMx": IMAGING, "MERSCOPE": "EFO:0008992"}
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fact:
    """A required column of the schema: pattern of its values, an example, and the default."""

    pattern: str
    example: str
    default: str | None = None


FACTS: dict[str, Fact] = {
    "assay_ontology_term_id": Fact(r"EFO:\d+", IMAGING),
    "tissue_ontology_term_id": Fact(r"(UBERON|CL|CVCL)[:_]\w+", "UBERON:0000310"),
    "tissue_type": Fact(r"tissue|organoid|primary cell culture|cell line", "tissue", "tissue"),
    "disease_ontology_term_id": Fact(r"(MONDO|PATO):\d+( \|\| MONDO:\d+)*", "PATO:0000461"),
    "sex_ontology_term_id": Fact(r"PATO:\d+|unknown|na", "PATO:0000383", UNKNOWN),
    "development_stage_ontology_term_id": Fact(r"(HsapDv|MmusDv):\d+|unknown|na", "HsapDv:0000087", UNKNOWN),
    "self_reported_ethnicity_ontology_term_id": Fact(
        r"(HANCESTRO|AfPO):\d+( \|\| (HANCESTRO|AfPO):\d+)*|unknown|na", "HANCESTRO:0590", UNKNOWN
    ),
    "donor_id": Fact(r"(?!na$).+", "donor1"),
    "suspension_type": Fact(r"cell|nucleus|na", "na", "na"),
}


def fact_columns(
    obs: pd.DataFrame, values: Mapping[str, object], *, title: str, platform: str, species: Species
) -> dict[str, "pd.Series[Any]"]:
    """Return the required columns: the given values, else the columns of obs, else the defaults.

    Parameters
    ----------
    obs
        obs frame of the cells.
    values
        Column -> one value for all cells.
    title
        Title of the data set; an empty title is reported with the missing columns.
    platform
        Platform of the data; determines the default assay.
    species
        Species of the cells; ethnicity is "na" for other species than human.

    Returns
    -------
    dict
        Column name -> categorical series, one value per cell.

    Raises
    ------
    InputError
        A column is unknown or missing, or a value does not match its pattern. All errors are listed together.
    """
    if unknown := sorted(set(values) - set(FACTS)):
        raise InputError(f"the schema has no field {', '.join(unknown)}", hint=f"fields: {', '.join(FACTS)}")
    defaults = {name: fact.default for name, fact in FACTS.items()} | {"assay_ontology_term_id": ASSAY.get(platform)}
    if species != "human":
        defaults["self_reported_ethnicity_ontology_term_id"] = "na"
    columns = {name: _column(name, obs, values, default) for name, default in defaults.items()}
    missing = [name for name, column in columns.items() if column is None]
    if missing or not title:
        message, hint = _missing_fields([*missing, *([] if title else ["title"])])
        raise InputError(message, hint=hint)
    complete = {name: column for name, column in columns.items() if column is not None}
    _check(complete)
    return complete


def _missing_fields(missing: list[str]) -> tuple[str, str]:
    examples = {name: FACTS[name].example for name in missing if name in FACTS} | {"title": "'My data set'"}
    arguments = " ".join(f"{name}={examples[name]}" for name in missing)
    return f"CELLxGENE requires {', '.join(missing)}", f"pass (on the command line each with -f): {arguments}"


def _column(name: str, obs: pd.DataFrame, values: Mapping[str, object], default: str | None) -> "pd.Series[Any] | None":
    if name in values:
        value: object = str(values[name])
    elif name in obs:
        value = obs[name].astype(str).to_numpy()
    elif default is not None:
        value = default
    else:
        return None
    return pd.Series(value, index=obs.index, dtype="object").astype("category")


def _check(columns: Mapping[str, "pd.Series[Any]"]) -> None:
    invalid = [
        f"{name} is {value!r}, expected a value like {FACTS[name].example}"
        for name, column in columns.items()
        for value in column.cat.categories
        if not re.fullmatch(FACTS[name].pattern, str(value))
    ]
    if invalid:
        raise InputError("; ".join(invalid), hint="search terms at https://www.ebi.ac.uk/ols4")
