"""Label columns of references: excluded labels, checks, and curated ontology ids."""

import logging
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
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
    findings = [*_size_findings(labels, names, min_cells), *_name_findings(names)]
    return [replace(finding, message=f"column '{column}': {finding.message}") for finding in findings]


def _size_findings(labels: pd.Categorical, names: list[str], min_cells: int) -> Iterator[Finding]:
    """Yield the findings about the number of cells: of missing labels, of small types."""
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(names))
    if n_missing := int((labels.codes < 0).sum()):
        yield Finding(
            "missing_labels", f"{n_missing} of {len(labels)} cells have no label or an excluded one", severity="note"
        )
    if small := [name for name, n in zip(names, counts, strict=True) if n < min_cells]:
        yield Finding("small_types", f"types with fewer than {min_cells} cells: {list_names(small, 5)}", "note")


def _name_findings(names: list[str]) -> Iterator[Finding]:
    """Yield the findings about the names of the labels and their number."""
    if clusters := [name for name in names if CLUSTER.match(name)]:
        yield Finding("cluster_numbers", f"labels that look like cluster numbers: {list_names(clusters, 5)}")
    if ids := [name for name in names if CL_ID.match(name)]:
        yield Finding("ontology_ids", f"labels that are Cell Ontology ids, not names: {list_names(ids, 5)}")
    spellings = pd.Series(names).groupby([" ".join(name.casefold().split()) for name in names]).agg(list)
    if variants := [" / ".join(group) for group in spellings if len(group) > 1]:
        differing = list_names(variants, 5)
        yield Finding("spellings", f"labels that differ only in case or spaces: {differing}")
    if len(names) > MANY_TYPES:
        yield Finding("many_types", f"{len(names)} types: this may not be a column of cell types")
    if len(names) == 1:
        yield Finding("one_type", f"only one type: {names[0]!r}", "note")


def raise_on_findings(findings: list[tuple[str, list[Finding]]], *, strict: bool) -> None:
    """Log the findings of each source; raise warnings as an error if validation is strict."""
    pairs = [(source, finding) for source, of_source in findings for finding in of_source]
    warnings = [f"{source}: {finding.message}" for source, finding in pairs if finding.severity == "warning"]
    for source, finding in pairs:
        log.log(logging.WARNING if finding.severity == "warning" else logging.INFO, "%s: %s", source, finding.message)
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
