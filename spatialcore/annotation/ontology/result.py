"""What the mapping of a table of labels found, and its files."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from spatialcore.core.files import whole
from spatialcore.core.provenance import versions
from spatialcore.errors import InputError

TABLE_COLUMNS = ["input_label", "id", "name", "score", "match_tier", "suggestions", "n_cells", "curated"]
UNMAPPED = "unmapped"


@dataclass(frozen=True)
class MappingResult:
    """Which label became which term.

    Attributes
    ----------
    table
        One row per distinct label: ``input_label``, ``id`` and ``name`` (empty where unmapped), ``score`` (0 to 1),
        ``match_tier``, ``suggestions`` (the nearest terms, ``name (id)`` joined by ``; ``), ``n_cells``, and
        ``curated`` (the id came with the data and was kept).
    metadata
        Settings, version of the ontology, and counts.
    """

    table: pd.DataFrame
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def unmapped(self) -> pd.DataFrame:
        """Return the rows without a term."""
        return self.table[self.table["match_tier"] == UNMAPPED]

    def save(self, folder: str | Path, name: str = "cell_type") -> dict[str, Path]:
        """Write ``{name}_ontology_mapping.csv``, its metadata as JSON and ``{name}_missed.json``.

        Returns
        -------
        Paths by kind: ``table``, ``metadata``, ``missed``.
        """
        target = Path(folder).expanduser()
        if target.exists() and not target.is_dir():
            raise InputError(f"{target} is a file", hint="save_mapping is the folder to write to")
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


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")
