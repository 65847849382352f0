"""Gene symbols and Ensembl ids of features, and the features of a gene."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spatialcore.core.genes.names import is_control, is_ensembl, strip_version
from spatialcore.core.genes.tables import aliases, ids_by_symbol, load_ensembl_to_hugo_mapping
from spatialcore.core.types import Ints

__all__ = [
    "canonical_symbol",
    "ids_of",
    "is_control",
    "is_ensembl",
    "shared_positions",
    "strip_version",
    "symbols_of",
]

SYMBOL_COLUMNS = ("feature_name", "gene_symbols", "gene_symbol", "gene_name", "gene_names", "symbol", "gene", "name")
ID_COLUMNS = ("gene_ids", "gene_id", "ensembl_id", "ensembl", "ensembl_ids", "ensemble_id", "feature_id", "id")
MIN_FRACTION = 0.5

_DISAMBIGUATED = re.compile(r"[_-]ENS(?:[A-Z]{3,4})?G\d{11}(?:\.\d+)?$")


def canonical_symbol(name: str) -> str:
    """Reverse the changes that R and CELLxGENE make to symbols.

    Examples
    --------
    >>> canonical_symbol("HLA.A"), canonical_symbol("MATR3_ENSG00000280987")
    ('HLA-A', 'MATR3')
    """
    name = _DISAMBIGUATED.sub("", name) if not is_ensembl(name) else name
    symbols = ids_by_symbol()
    if "." in name and name not in symbols:
        dashed = name.replace(".", "-")
        return dashed if dashed in symbols or dashed.startswith(("HLA-", "MT-")) else name
    return name


def symbols_of(
    names: Sequence[str], var: pd.DataFrame | None = None, table: Mapping[str, str] | None = None
) -> list[str]:
    """Return the gene symbol of each feature.

    An Ensembl id (or a number) is replaced by its symbol in ``var``, else by its symbol in the shipped table; an id
    without a symbol is returned without its version. Other names are symbols already; a retired symbol (KARS) is
    replaced by the current one (KARS1) if ``var`` has the Ensembl id.

    Parameters
    ----------
    names
        var_names.
    var
        var frame (features x columns), searched for columns with symbols and ids.
    table
        Ensembl id -> symbol; None for the shipped table.

    Returns
    -------
    list of str
        One symbol per feature.

    Examples
    --------
    >>> symbols_of(["ENSG00000141510.18", "CD3E", "ENSG99999999999"])
    ['TP53', 'CD3E', 'ENSG99999999999']
    """
    names = [str(name) for name in names]
    mapping = load_ensembl_to_hugo_mapping() if table is None else table
    is_id = [is_ensembl(name) or name.isdigit() for name in names]
    in_var = _column_of_symbols(var, len(names)) if any(is_id) else [""] * len(names)
    return [
        canonical_symbol(_symbol(name, identifier, symbol, mapping)) if coded else _current(name, identifier, mapping)
        for name, identifier, symbol, coded in zip(names, ids_of(names, var), in_var, is_id, strict=True)
    ]


def _current(name: str, identifier: str, mapping: Mapping[str, str]) -> str:
    """Return the current symbol of a gene: `name`, or the symbol of `identifier` if `name` is retired."""
    symbol = canonical_symbol(name)
    return symbol if symbol in ids_by_symbol() else mapping.get(identifier, symbol)


def _symbol(name: str, identifier: str, symbol: str, mapping: Mapping[str, str]) -> str:
    return symbol if symbol and not is_ensembl(symbol) else mapping.get(identifier, identifier or name)


def ids_of(names: Iterable[str], var: pd.DataFrame | None = None) -> list[str]:
    """Return the Ensembl id of each feature, from its name or a column of ``var``; an empty string if it has none."""
    from_names = [strip_version(str(name)) if is_ensembl(str(name)) else "" for name in names]
    column = _find_column(var, ID_COLUMNS, is_ensembl)
    if column is None:
        return from_names
    in_var = [strip_version(value) if is_ensembl(value) else "" for value in _texts(column)]
    return [identifier or other for identifier, other in zip(from_names, in_var, strict=True)]


def _column_of_symbols(var: pd.DataFrame | None, length: int) -> list[str]:
    column = _find_column(var, SYMBOL_COLUMNS, lambda value: bool(value) and not is_ensembl(value))
    return [""] * length if column is None else _texts(column)


def _find_column(
    var: pd.DataFrame | None, candidates: tuple[str, ...], fits: Callable[[str], bool]
) -> "pd.Series[Any] | None":
    if var is None or len(var) == 0:
        return None
    by_name = {re.sub(r"[\s_-]+", "_", str(column).strip().lower()): column for column in var.columns}
    for name in candidates:
        if name in by_name:
            column = var[by_name[name]]
            filled = [value for value in _texts(column) if value]
            if filled and np.mean([fits(value) for value in filled[:2000]]) > MIN_FRACTION:
                return column
    return None


def _texts(column: "pd.Series[Any]") -> list[str]:
    return ["" if pd.isna(value) else str(value).strip() for value in column]


def shared_positions(symbols: Sequence[str], names: Sequence[str], ids: Sequence[str]) -> list[Ints]:
    """Return the positions of the features that measure each symbol.

    A symbol is matched by name, then by Ensembl id, then by its former or later names.

    Parameters
    ----------
    symbols
        Gene symbols.
    names, ids
        Symbol and Ensembl id of each feature ('' for no id), as `symbols_of` and `ids_of` return them.

    Returns
    -------
    list of ndarray
        Sorted positions for each symbol; empty if no feature measures it.

    Examples
    --------
    >>> [positions.tolist() for positions in shared_positions(["CD3E", "TP53"], ["TP53", "MS4A1"], ["", ""])]
    [[], [0]]
    """
    by_name: dict[str, list[int]] = {}
    by_id: dict[str, list[int]] = {}
    for position, (name, identifier) in enumerate(zip(names, ids, strict=True)):
        by_name.setdefault(name, []).append(position)
        if identifier:
            by_id.setdefault(identifier, []).append(position)
    requested = set(symbols)
    ids_of_symbol = ids_by_symbol()
    other_names = aliases()
    matches: list[Ints] = []
    for symbol in symbols:
        positions = by_name.get(symbol, [])
        if not positions:
            positions = [
                p
                for identifier in ids_of_symbol.get(symbol, ())
                for p in by_id.get(identifier, [])
                if names[p] not in requested
            ]
        if not positions:
            positions = [
                p for alias in other_names.get(symbol, ()) if alias not in requested for p in by_name.get(alias, [])
            ]
        matches.append(np.asarray(sorted(set(positions)), dtype=np.int64))
    return matches
