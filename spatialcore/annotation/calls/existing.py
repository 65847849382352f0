"""Move the user's content that has the names of ours to other names, before calls are written."""

from collections.abc import MutableMapping
from typing import Any

from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.run_manifest import is_annotated
from spatialcore.core.entries import SUFFIX, coordinates_in, free_name, move_entry
from spatialcore.core.logging import get_logger

log = get_logger(__name__)


def keep_existing(adata: AnnData) -> list[str]:
    """Move what the user has under the names that a call writes to other names, in place.

    Columns of obs that :mod:`spatialcore.columns` names, ``cell_type_taxonomy_*``, decision scores, path confidence,
    and the entries of uns get the suffix ``_before``; colours of a column (``uns["{column}_colors"]``) follow it. Each
    move is logged. Data with a run manifest were annotated by this package: their content is not the user's. What is
    under ``obsm["spatial"]`` without being coordinates is moved in any case.

    Parameters
    ----------
    adata
        The query.

    Returns
    -------
    list of str
        The new names.

    Examples
    --------
    >>> import pandas as pd
    >>> adata = AnnData(obs=pd.DataFrame({"cell_type": ["mine"]}, index=["c1"]))
    >>> keep_existing(adata), list(adata.obs)
    (['cell_type_before'], ['cell_type_before'])
    """
    odd = columns.SPATIAL in adata.obsm and coordinates_in(adata) is None
    moved = [move_entry(adata.obsm, columns.SPATIAL, "obsm")] if odd else []
    if is_annotated(adata.uns):
        return moved
    moved += _move_columns(adata)
    moved += _move_entries(adata.obsm, (columns.DECISION_SCORES, columns.PATH_CONFIDENCE), "obsm")
    return moved + _move_entries(adata.uns, (columns.MANIFEST, columns.LINEAR_MODEL), "uns")


def _move_columns(adata: AnnData) -> list[str]:
    names = [str(name) for name in adata.obs if name in columns.CALL_COLUMNS or _is_taxonomy(name)]
    new: dict[str, str] = {}
    for name in names:
        new[name] = free_name(name + SUFFIX, {*adata.obs, *new.values()})
        if f"{name}_colors" in adata.uns:
            adata.uns[f"{new[name]}_colors"] = adata.uns.pop(f"{name}_colors")
    if new:
        pairs = ", ".join(f"{old!r} to {name!r}" for old, name in new.items())
        log.warning("obs has columns with names of the results; they are renamed: %s", pairs)
        adata.obs = adata.obs.rename(columns=new)
    return list(new.values())


def _is_taxonomy(name: Any) -> bool:
    return str(name).startswith(columns.TAXONOMY)


def _move_entries(part: MutableMapping[str, Any], names: tuple[str, ...], where: str) -> list[str]:
    return [move_entry(part, name, where) for name in names if name in part]
