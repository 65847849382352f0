"""Label columns of references: excluded labels, checks, and curated ontology ids."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import list_names
from spatialcore.core.types import JsonObject
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
    """A finding of the check of a label column."""

    code: str
    message: str
    severity: Literal["note", "warning"] = "warning"

    def as_dict(self) -> JsonObject:
        """Return plain values, ready for JSON."""
        return asdict(self)


def check_labels(labels: pd.Categorical, column: str, min_cells: int) -> list[Finding]:
    """Check a label column from which excluded labels have been removed.

    Parameters
    ----------
    labels
        One per cell; NaN without a label.
    column
        Name of the column, for the messages.
    min_cells
        Types with fewer cells are reported as small.
    """
    names = [str(name) for name in labels.categories]
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(names))
    n_missing = int((labels.codes < 0).sum())
    findings: list[Finding] = []

    def note(code: str, message: str, severity: Literal["note", "warning"] = "warning") -> None:
        findings.append(Finding(code, f"column '{column}': {message}", severity))

    if n_missing:
        note("missing_labels", f"{n_missing} of {len(labels)} cells have no label or an excluded one", "note")
    small = [name for name, n in zip(names, counts, strict=True) if n < min_cells]
    if small:
        note("small_types", f"types with fewer than {min_cells} cells: {list_names(small, 5)}", "note")
    clusters = [name for name in names if CLUSTER.match(name)]
    if clusters:
        note("cluster_numbers", f"labels that look like cluster numbers: {list_names(clusters, 5)}")
    ids = [name for name in names if CL_ID.match(name)]
    if ids:
        note("ontology_ids", f"labels that are Cell Ontology ids, not names: {list_names(ids, 5)}")
    spellings = pd.Series(names).groupby([" ".join(name.casefold().split()) for name in names]).agg(list)
    variants = [" / ".join(group) for group in spellings if len(group) > 1]
    if variants:
        note(
            "spellings",
            f"labels that differ only in case or spaces, each a type: {list_names(variants, 5)}",
        )
    if len(names) > MANY_TYPES:
        note("many_types", f"{len(names)} types: this may not be a column of cell types")
    if len(names) == 1:
        note("one_type", f"only one type: {names[0]!r}", "note")
    return findings


def raise_on_findings(findings: list[tuple[str, list[Finding]]], *, strict: bool) -> None:
    """Log the findings of each source; raise warnings as an error if validation is strict."""
    pairs = [(source, finding) for source, of_source in findings for finding in of_source]
    warnings = [f"{source}: {finding.message}" for source, finding in pairs if finding.severity == "warning"]
    for source, finding in pairs:
        log.log(30 if finding.severity == "warning" else 20, "%s: %s", source, finding.message)
    if strict and warnings:
        raise LabelColumnError("; ".join(warnings), hint="clean the labels, or strict_validation=False")


def curated_ids(values: "pd.Series[Any]") -> "tuple[pd.Series[Any], list[Finding]]":
    """Return the curated Cell Ontology ids of a reference, '' where there is none, and findings.

    Values other than CL: and seven digits (missing, "unknown", ids of other ontologies) are ignored.
    """
    texts = values.astype(object).where(values.notna(), "").astype(str).str.strip()
    valid = texts.str.match(CL_ID)
    odd = sorted(set(texts[~valid]) - {"", "unknown", "na", "nan", "None"})
    message = f"values that are not Cell Ontology ids are ignored: {list_names(odd, 5)}"
    return texts.where(valid, ""), [Finding("not_cell_ontology", message)] if odd else []
