"""What a mapping found, as tables and counts."""

from pathlib import Path
from typing import Any

import pandas as pd

from spatialcore.annotation.ontology.hierarchy import hierarchy
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.matcher import Matcher
from spatialcore.annotation.ontology.result import TABLE_COLUMNS, UNMAPPED


def candidates(match: Match) -> list[dict[str, Any]]:
    """Return the term of a label and the suggestions beside it, best first."""
    found = [{"id": match.id, "name": match.name, "score": match.score, "match_tier": match.tier}] if match.id else []
    return found + [
        {"id": term, "name": name, "score": score, "match_tier": "suggestion"}
        for term, name, score in match.suggestions
        if term != match.id
    ]


def table_of(labels: pd.Series, kept: pd.Series, matches: dict[str, Match], matcher: Matcher) -> pd.DataFrame:
    """Return one row per distinct label and kept id (see `MappingResult`)."""
    pairs = pd.DataFrame({"label": labels, "kept": kept})
    counts = pairs[pairs["label"] != ""].value_counts(["label", "kept"]).reset_index(name="n_cells")
    rows = []
    for label, term, n_cells in counts.sort_values(["label", "kept"]).itertuples(index=False):
        match = matches[label] if not term else Match(label, term, matcher.name_of(term), 1.0, "tier1_exact")
        nearest = "; ".join(f"{name} ({other})" for other, name, _ in match.suggestions)
        rows.append((label, match.id, match.name, match.score, match.tier, nearest, int(n_cells), bool(term)))
    return pd.DataFrame(rows, columns=TABLE_COLUMNS)


def metadata_of(
    table: pd.DataFrame,
    matcher: Matcher,
    source_col: str,
    tissue: str | None,
    granularity: str,
    index_path: str | Path | None,
) -> dict[str, Any]:
    """Return the settings of a mapping, the ontology's version, and counts."""
    mapped = table["match_tier"] != UNMAPPED
    return {
        "ontology_version": hierarchy().version,
        "index": str(index_path) if index_path is not None else "shipped",
        "index_metadata": matcher.metadata,
        "source_col": source_col,
        "tissue": tissue or "",
        "granularity": granularity,
        "n_labels": len(table),
        "n_labels_mapped": int(mapped.sum()),
        "n_cells": int(table["n_cells"].sum()),
        "n_cells_mapped": int(table.loc[mapped, "n_cells"].sum()),
        "labels_by_tier": {str(tier): int(count) for tier, count in table["match_tier"].value_counts().items()},
    }
