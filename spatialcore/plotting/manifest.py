"""Read the run manifest in ``uns["spatialcore_annotation"]`` (written by `spatialcore.annotation.run_manifest`)."""

import json
from typing import Any

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.entries import mapping_in
from spatialcore.core.types import JsonObject


def manifest_value(adata: AnnData, key: str) -> Any:
    """Return an entry of the run manifest; entries whose key ends in ``_json`` are parsed; None if there is none.

    Examples
    --------
    >>> from anndata import AnnData
    >>> adata = AnnData(uns={"spatialcore_annotation": {"random_state": 42, "config_json": '{"tissue": "lung"}'}})
    >>> manifest_value(adata, "random_state"), manifest_value(adata, "config_json"), manifest_value(adata, "query")
    (42, {'tissue': 'lung'}, None)
    """
    value = mapping_in(adata.uns, columns.MANIFEST).get(key)
    return json.loads(value) if key.endswith("_json") and isinstance(value, str) else value


def manifest_table(adata: AnnData, key: str) -> pd.DataFrame:
    """Return an entry that is a list of records as a table; empty if there is none."""
    return pd.DataFrame(manifest_value(adata, key) or [])


def records(table: pd.DataFrame) -> list[JsonObject]:
    """Return the rows of a table as dicts by column name."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def model_card(adata: AnnData) -> JsonObject:
    """Return the model card: classes, held-out scores, calibration, training; empty if there is none."""
    card = manifest_value(adata, "model_card_json")
    return card if isinstance(card, dict) else {}


def held_out_scores(adata: AnnData) -> JsonObject:
    """Return the held-out scores in the model card; empty if there are none.

    Keys: ``accuracy``, ``macro_f1``, ``f1`` and ``cells`` (by class), ``confusion``, ``reliability``.
    """
    scores = model_card(adata).get("heldout")
    return scores if isinstance(scores, dict) else {}
