"""Genes whatever they are called: the symbol and the id of a feature, and the features of a gene."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatialcore.core.genes.names import is_control, is_ensembl, strip_version
from spatialcore.core.genes.tables import aliases, ids_by_symbol, load_ensembl_to_hugo_mapping

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
MOSTLY = 0.5

_DISAMBIGUATED = re.compile(r"[_-]ENS(?:[A-Z]{3,4})?G\d{11}(?:\.\d+)?$")


def canonical_symbol(name: str) -> str:
    """Undo what R and CELLxGENE do to symbols: HLA.A -> HLA-A, MATR3_ENSG00000280987 -> MATR3."""
    name = _DISAMBIGUATED.sub("", name) if not is_ensembl(name) else name
    known = ids_by_symbol()
    if "." in name and name not in known:
        dashed = name.replace(".", "-")
        return dashed if dashed in known or dashed.startswith(("HLA-", "MT-")) else name
    return name


def symbols_of(
    names: Sequence[str], var: pd.DataFrame | None = None, table: Mapping[str, str] | None = None
) -> list[str]:
    """Return the symbol of every feature.

    A name that is an Ensembl id (or a mere number) takes the symbol that ``var`` gives it, else the shipped table's,
    else it stays as it is without its version. Any other name is a symbol already; one that no gene bears any more
    (KARS) becomes today's (KARS1) where ``var`` has its id.

    Parameters
    ----------
    names
        var_names.
    var
        The var frame, searched for a column of symbols.
    table
        Ensembl id -> symbol; None for the shipped one.
    """
    names = [str(name) for name in names]
    mapping = load_ensembl_to_hugo_mapping() if table is None else table
    coded = [is_ensembl(name) or name.isdigit() for name in names]
    given = _column_of_symbols(var, len(names)) if any(coded) else [""] * len(names)
    return [
        canonical_symbol(_symbol(name, identifier, told, mapping)) if code else _current(name, identifier, mapping)
        for name, identifier, told, code in zip(names, ids_of(names, var), given, coded, strict=True)
    ]


def _current(name: str, identifier: str, mapping: Mapping[str, str]) -> str:
    """Return a symbol as it is, unless no gene bears it any more and its id tells which one it was."""
    symbol = canonical_symbol(name)
    return symbol if symbol in ids_by_symbol() else mapping.get(identifier, symbol)


def _symbol(name: str, identifier: str, told: str, mapping: Mapping[str, str]) -> str:
    return told if told and not is_ensembl(told) else mapping.get(identifier, identifier or name)


def ids_of(names: Iterable[str], var: pd.DataFrame | None = None) -> list[str]:
    """Return the Ensembl id of every feature, from its name or a column of ``var``; '' where there is none."""
    from_names = [strip_version(str(name)) if is_ensembl(str(name)) else "" for name in names]
    column = _find_column(var, ID_COLUMNS, is_ensembl)
    if column is None:
        return from_names
    told = [strip_version(value) if is_ensembl(value) else "" for value in _texts(column)]
    return [identifier or other for identifier, other in zip(from_names, told, strict=True)]


def _column_of_symbols(var: pd.DataFrame | None, length: int) -> list[str]:
    column = _find_column(var, SYMBOL_COLUMNS, lambda value: bool(value) and not is_ensembl(value))
    return [""] * length if column is None else _texts(column)


def _find_column(
    var: pd.DataFrame | None, wanted: tuple[str, ...], fits: Callable[[str], bool]
) -> "pd.Series[Any] | None":
    if var is None or len(var) == 0:
        return None
    by_name = {re.sub(r"[\s_-]+", "_", str(column).strip().lower()): column for column in var.columns}
    for name in wanted:
        if name in by_name:
            column = var[by_name[name]]
            filled = [value for value in _texts(column) if value]
            if filled and np.mean([fits(value) for value in filled[:2000]]) > MOSTLY:
                return column
    return None


def _texts(column: "pd.Series[Any]") -> list[str]:
    return ["" if pd.isna(value) else str(value).strip() for value in column]


def shared_positions(wanted: Sequence[str], names: Sequence[str], ids: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return, for every wanted symbol, the positions of the features that measure it.

    A symbol is found by its name; where the other side knows it under a former or later name, by its Ensembl id.
    """
    by_name: dict[str, list[int]] = {}
    by_id: dict[str, list[int]] = {}
    for position, (name, identifier) in enumerate(zip(names, ids, strict=True)):
        by_name.setdefault(name, []).append(position)
        if identifier:
            by_id.setdefault(identifier, []).append(position)
    taken = set(wanted)
    known = ids_by_symbol()
    others = aliases()
    found: list[NDArray[np.int64]] = []
    for symbol in wanted:
        positions = by_name.get(symbol, [])
        if not positions:
            positions = [
                p for identifier in known.get(symbol, ()) for p in by_id.get(identifier, []) if names[p] not in taken
            ]
        if not positions:
            positions = [p for alias in others.get(symbol, ()) if alias not in taken for p in by_name.get(alias, [])]
        found.append(np.asarray(sorted(set(positions)), dtype=np.int64))
    return found
