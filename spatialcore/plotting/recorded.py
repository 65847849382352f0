"""What a run left in ``uns["spatialcore_annotation"]``, as tables that figures and the report draw."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
from anndata import AnnData

from spatialcore import columns


def recorded(adata: AnnData, key: str) -> Any:
    """Return an entry of the run manifest; entries in JSON are parsed; None where there is none."""
    manifest = adata.uns.get(columns.MANIFEST, {})
    value = manifest.get(key) if isinstance(manifest, Mapping) else None
    return json.loads(value) if key.endswith("_json") and isinstance(value, str) else value


def recorded_table(adata: AnnData, key: str) -> pd.DataFrame:
    """Return an entry that is a list of records; empty where there is none."""
    return pd.DataFrame(recorded(adata, key) or [])


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each as a dict by column."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def model_card(adata: AnnData) -> dict[str, Any]:
    """Return what the model says of itself: classes, held-out scores, calibration; empty where unknown."""
    card = recorded(adata, "model_card_json")
    return card if isinstance(card, dict) else {}


def held_out(adata: AnnData) -> dict[str, Any]:
    """Return the model's held-out figures: accuracy, macro_f1, f1, cells, confusion, reliability; empty if unknown."""
    figures = model_card(adata).get("heldout")
    return figures if isinstance(figures, dict) else {}
