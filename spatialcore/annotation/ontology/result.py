"""The result of mapping labels to Cell Ontology terms: table, metadata, files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import pandas as pd

from spatialcore.annotation.ontology.hierarchy import hierarchy
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.matcher import Matcher
from spatialcore.core.files import whole
from spatialcore.core.provenance import versions
from spatialcore.errors import InputError

TABLE_COLUMNS = ["input_label", "id", "name", "score", "match_tier", "suggestions", "n_cells", "curated"]
UNMAPPED = "unmapped"


class Candidate(TypedDict):
    """A term that a label may be mapped to."""

    id: str
    name: str
    score: float
    match_tier: str


class MappingMetadata(TypedDict, total=False):
    """Settings of a mapping, versions and counts."""

    ontology_version: str
    index: str
    index_metadata: dict[str, str | int]
    source_col: str
    tissue: str
    granularity: str
    n_labels: int
    n_labels_mapped: int
    n_cells: int
    n_cells_mapped: int
    labels_by_tier: dict[str, int]
    versions: dict[str, str]


@dataclass(frozen=True)
class MappingResult:
    """The terms of the labels of a data set.

    Attributes
    ----------
    table
        One row per distinct label: ``input_label``, ``id`` and ``name`` (empty where unmapped), ``score`` (0 to 1),
        ``match_tier``, ``suggestions`` (the nearest terms, ``name (id)`` joined by ``; ``), ``n_cells``, and
        ``curated`` (the id was in the data and is retained).
    metadata
        Settings, version of the ontology, and counts.
    """

    table: pd.DataFrame
    metadata: MappingMetadata = field(default_factory=MappingMetadata)

    @property
    def unmapped(self) -> pd.DataFrame:
        """Return the rows without a term."""
        return self.table[self.table["match_tier"] == UNMAPPED]

    def save(self, folder: str | Path, name: str = "cell_type") -> dict[str, Path]:
        """Write ``{name}_ontology_mapping.csv``, its metadata as JSON and ``{name}_missed.json``.

        Parameters
        ----------
        folder
            Target folder; created if it does not exist.
        name
            First part of the file names.

        Returns
        -------
        Paths of the files by kind: ``table``, ``metadata``, ``missed``.

        Raises
        ------
        InputError
            ``folder`` is a file.
        """
        target = Path(folder).expanduser()
        if target.exists() and not target.is_dir():
            raise InputError(f"save_mapping={target} is a file", hint="pass a folder")
        target.mkdir(parents=True, exist_ok=True)
        paths = {
            "table": target / f"{name}_ontology_mapping.csv",
            "metadata": target / f"{name}_ontology_mapping_metadata.json",
            "missed": target / f"{name}_missed.json",
        }
        columns = ["input_label", "n_cells", "suggestions"]
        missed = {"unmapped": self.unmapped[columns].to_dict(orient="records")}
        _write(paths["table"], self.table.to_csv(index=False))
        _write(paths["metadata"], _json({**self.metadata, "versions": versions()}))
        _write(paths["missed"], _json(missed))
        return paths


def candidates(match: Match) -> list[Candidate]:
    """Return the term of a label and its suggestions, best first."""
    terms: list[Candidate] = []
    if match.id:
        terms.append({"id": match.id, "name": match.name, "score": match.score, "match_tier": match.tier})
    terms += [
        {"id": term, "name": name, "score": score, "match_tier": "suggestion"}
        for term, name, score in match.suggestions
        if term != match.id
    ]
    return terms


def mapping_table(
    labels: pd.Series, curated_ids: pd.Series, matches: Mapping[str, Match], matcher: Matcher
) -> pd.DataFrame:
    """Return one row per distinct pair of label and curated id (see `MappingResult`)."""
    pairs = pd.DataFrame({"label": labels, "curated": curated_ids})
    counts = pairs[pairs["label"] != ""].value_counts(["label", "curated"]).reset_index(name="n_cells")
    rows = []
    for label, term, n_cells in counts.sort_values(["label", "curated"]).itertuples(index=False):
        match = matches[label] if not term else Match(label, term, matcher.name_of(term), 1.0, "tier1_exact")
        suggestions = "; ".join(f"{name} ({other})" for other, name, _ in match.suggestions)
        rows.append((label, match.id, match.name, match.score, match.tier, suggestions, int(n_cells), bool(term)))
    return pd.DataFrame(rows, columns=TABLE_COLUMNS)


def mapping_metadata(
    table: pd.DataFrame,
    matcher: Matcher,
    source_col: str,
    tissue: str | None,
    granularity: str,
    index_path: str | Path | None,
) -> MappingMetadata:
    """Return the settings of a mapping, the version of the ontology, and counts."""
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


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")
