"""Label columns of references: what is left out, what is odd about them, and the ontology ids they come with."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from spatialcore.core.logging import get_logger
from spatialcore.errors import LabelColumnError

log = get_logger(__name__)

DEFAULT_EXCLUDE_LABELS = [
    "unknown",
    "Unknown",
    "UNKNOWN",
    "unassigned",
    "Unassigned",
    "na",
    "NA",
    "N/A",
    "n/a",
    "none",
    "None",
    "null",
    "doublet",
    "Doublet",
    "low quality",
    "Low quality",
]

MANY_TYPES = 500
CL_ID = re.compile(r"^CL:\d{7}$")
CLUSTER = re.compile(r"^(?:(?:cluster|leiden|louvain|type|cell)[ _-]?)?\d+$", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """Something odd about a label column."""

    code: str
    message: str
    severity: Literal["note", "warning"] = "warning"

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def check_labels(labels: pd.Categorical, column: str, min_cells: int) -> list[Finding]:
    """Look a label column over, junk labels already taken out.

    Parameters
    ----------
    labels
        One per cell; NaN where there is none.
    column
        Its name, for the messages.
    min_cells
        Below this many cells a type is called small.
    """
    names = [str(name) for name in labels.categories]
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(names))
    n_missing = int((labels.codes < 0).sum())
    found: list[Finding] = []

    def note(code: str, message: str, severity: Literal["note", "warning"] = "warning") -> None:
        found.append(Finding(code, f"column '{column}': {message}", severity))

    if n_missing:
        note("missing_labels", f"{n_missing} of {len(labels)} cells have no label or an excluded one", "note")
    small = [name for name, n in zip(names, counts, strict=True) if n < min_cells]
    if small:
        note("small_types", f"{len(small)} types have fewer than {min_cells} cells: {_some(small)}", "note")
    clusters = [name for name in names if CLUSTER.match(name)]
    if clusters:
        note("cluster_numbers", f"{len(clusters)} labels look like cluster numbers: {_some(clusters)}")
    ids = [name for name in names if CL_ID.match(name)]
    if ids:
        note("ontology_ids", f"{len(ids)} labels are Cell Ontology ids, not names: {_some(ids)}")
    spellings = pd.Series(names).groupby([" ".join(name.casefold().split()) for name in names]).agg(list)
    twice = [" / ".join(group) for group in spellings if len(group) > 1]
    if twice:
        note("spellings", f"labels that differ in case or spaces only stay apart: {_some(twice)}")
    if len(names) > MANY_TYPES:
        note("many_types", f"{len(names)} types: is this a column of types?")
    if len(names) == 1:
        note("one_type", f"one type only: {names[0]!r}", "note")
    return found


def raise_on_findings(found: list[tuple[str, list[Finding]]], *, strict: bool) -> None:
    """Log what was found; raise the warnings where validation is strict."""
    warnings = [f"{source}: {one.message}" for source, some in found for one in some if one.severity == "warning"]
    for source, some in found:
        for one in some:
            log.log(30 if one.severity == "warning" else 20, "%s: %s", source, one.message)
    if strict and warnings:
        raise LabelColumnError("; ".join(warnings), hint="clean the labels, or strict_validation=False")


def curated_ids(values: "pd.Series[Any]") -> "tuple[pd.Series[Any], list[Finding]]":
    """Return the Cell Ontology ids that a reference came with, '' where there is none, and what was wrong with some.

    Anything that is not written as CL: and seven digits (missing, "unknown", ids of other ontologies) is no id.
    """
    texts = values.astype(object).where(values.notna(), "").astype(str).str.strip()
    proper = texts.str.match(CL_ID)
    odd = sorted(set(texts[~proper]) - {"", "unknown", "na", "nan", "None"})
    found = (
        [Finding("not_cell_ontology", f"values that are no Cell Ontology id are ignored: {_some(odd)}")] if odd else []
    )
    return texts.where(proper, ""), found


def _some(items: list[str]) -> str:
    return ", ".join(items[:5]) + (f" and {len(items) - 5} more" if len(items) > 5 else "")
