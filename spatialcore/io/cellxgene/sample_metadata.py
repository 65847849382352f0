"""What the CELLxGENE schema wants to know of a sample beside its counts and calls."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from spatialcore.core.genes.tables import Species
from spatialcore.errors import InputError

ORGANISM: dict[Species, str] = {"human": "NCBITaxon:9606", "mouse": "NCBITaxon:10090"}
# Xenium and CosMx have terms of their own only among the instruments, which the schema does not take as assays.
IMAGING = "EFO:0022955"
ASSAY = {"Xenium": IMAGING, "CosMx": IMAGING, "MERSCOPE": "EFO:0008992"}
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fact:
    """One column that the schema wants: what a value looks like, an example, and what stands in where none is given."""

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
    obs: pd.DataFrame, given: Mapping[str, Any], *, title: str, platform: str, species: Species
) -> dict[str, "pd.Series[Any]"]:
    """Return the columns that the schema wants: as given, else as they are in obs, else the default.

    Parameters
    ----------
    obs
        The cells.
    given
        Column -> one value for all cells.
    title
        Of the data set; asked for with the others where it is empty.
    platform
        Where the cells were measured: settles the assay where none is given.
    species
        Whose cells they are: a mouse reports no ethnicity.

    Raises
    ------
    InputError
        A column is unknown, missing, or has a value of another form. All of them are named at once.
    """
    if unknown := sorted(set(given) - set(FACTS)):
        raise InputError(f"the schema has no {', '.join(unknown)}", hint=f"it has {', '.join(FACTS)}")
    defaults = {name: fact.default for name, fact in FACTS.items()} | {"assay_ontology_term_id": ASSAY.get(platform)}
    if species != "human":
        defaults["self_reported_ethnicity_ontology_term_id"] = "na"
    columns = {name: _column(name, obs, given, default) for name, default in defaults.items()}
    missing = [name for name, column in columns.items() if column is None]
    if missing or not title:
        message, hint = _asking([*missing, *([] if title else ["title"])])
        raise InputError(message, hint=hint)
    known = {name: column for name, column in columns.items() if column is not None}
    _check(known)
    return known


def _asking(missing: list[str]) -> tuple[str, str]:
    examples = {name: FACTS[name].example for name in missing if name in FACTS} | {"title": "'My data set'"}
    told = " ".join(f"{name}={examples[name]}" for name in missing)
    return f"CELLxGENE asks for {', '.join(missing)}", f"pass (on the command line each after -f): {told}"


def _column(name: str, obs: pd.DataFrame, given: Mapping[str, Any], default: str | None) -> "pd.Series[Any] | None":
    if name in given:
        value: Any = str(given[name])
    elif name in obs:
        value = obs[name].astype(str).to_numpy()
    elif default is not None:
        value = default
    else:
        return None
    return pd.Series(value, index=obs.index, dtype="object").astype("category")


def _check(columns: Mapping[str, "pd.Series[Any]"]) -> None:
    wrong = [
        f"{name} is {value!r}, wanted: like {FACTS[name].example}"
        for name, column in columns.items()
        for value in column.cat.categories
        if not re.fullmatch(FACTS[name].pattern, str(value))
    ]
    if wrong:
        raise InputError("; ".join(wrong), hint="look the term up at https://www.ebi.ac.uk/ols4")
