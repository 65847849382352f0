"""The section of the report on spill-over."""

from typing import Any, TypedDict

from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.spillover.coordinates import coordinate_unit
from spatialcore.annotation.spillover.neighbourhoods import distance_warning
from spatialcore.core.categories import as_texts
from spatialcore.core.text.wording import percent
from spatialcore.plotting.figures.spill_over import shares_by_type, spill_over_table
from spatialcore.plotting.manifest import manifest_value

_SENDERS = 3


class SpillOverSection(TypedDict):
    """A sentence on the result, and one row per type; no rows where no spill-over was detected."""

    text: str
    types: list[dict[str, Any]]


def spill_over(adata: AnnData) -> SpillOverSection:
    """Return the section of the report about spill-over.

    Examples
    --------
    >>> spill_over(AnnData())["text"]
    'Spill-over was not estimated.'
    """
    estimate = manifest_value(adata, "spill_over_json") or {}
    if not estimate.get("available"):
        reason = estimate.get("reason")
        return {"text": f"Spill-over was not estimated{': ' + reason if reason else ''}.", "types": []}
    warning = _warning(adata, estimate)
    note = f" Note: {warning}." if warning else ""
    if not estimate["detected"]:
        score = f"z = {estimate['z']:.1f} against permuted neighbours, 3.5 is required"
        text = f"No spill-over between neighbours was detected ({score}).{note}"
        return {"text": text, "types": []}
    text = (
        f"{percent(estimate['foreign_share'])} of the counts came from neighbours of another type (spill-over was "
        f"detected: z = {estimate['z']:.1f} against permuted neighbours, 3.5 is required).{note}"
    )
    return {"text": text, "types": _types(adata)}


def _warning(adata: AnnData, estimate: dict[str, Any]) -> str:
    """Return the warning of the run, or that by the unit of the coordinates if it was stated since then."""
    unit, distance = coordinate_unit(adata), estimate.get("nearest_distance")
    if distance is None or unit == estimate.get("unit"):
        return str(estimate.get("warning") or "")
    return distance_warning(float(distance), unit)


def _types(adata: AnnData) -> list[dict[str, Any]]:
    table, shares = spill_over_table(adata), shares_by_type(adata)
    has_second = (as_texts(adata.obs[columns.SECOND_TYPE]) != "").groupby(
        as_texts(adata.obs[columns.PREDICTED]), observed=True
    )
    seconds = has_second.mean()
    rows = []
    for name, row in shares.iterrows():
        parts = table[table["cell_type"] == name].head(_SENDERS)
        senders = ", ".join(f"{part['from']} {100 * part['share']:.0f} %" for part in parts.to_dict("records"))
        rows.append(
            {
                "name": name,
                "n_cells": int(row["n_cells"]),
                "share": float(row["foreign_share"]),
                "null": float(row["null"]),
                "senders": senders,
                "second": float(seconds.get(name, 0.0)),
            }
        )
    return rows
