"""Gene symbols and Ensembl ids of features, and the features of a gene."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from spatialcore.core.genes.merged import merged_genes
from spatialcore.core.genes.names import is_control, is_ensembl, strip_version
from spatialcore.core.genes.spelling import mend
from spatialcore.core.genes.tables import aliases_of, ids_by_symbol, ids_to_symbols, known_names, symbols_with_ids
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

SYMBOL_COLUMNS = (
    *("feature_name", "gene_symbols", "gene_symbol", "gene_name", "gene_names", "symbol", "gene", "name"),
    *("hgnc_symbol", "mgi_symbol", "external_gene_name", "gene_short_name", "feature_names", "symbols", "genes"),
    *("genesymbol", "genename", "target_name", "targetname", "hugo", "hugo_symbol", "hgnc"),
    *("_index", "_index_column", "index", "features", "names", "row_names", "original_name"),
)
ID_COLUMNS = (
    *("gene_ids", "gene_id", "ensembl_id", "ensembl", "ensembl_ids", "ensemble_id", "feature_id", "id"),
    *("ensembl_gene_id", "_index", "_index_column", "index", "features"),
)
MIN_FRACTION = 0.5
MIN_KNOWN_SHARE = 0.1
EXAMINED = 2000  # names or values of a column that are looked at

_SEPARATORS = re.compile(r"[._-]")
_DISAMBIGUATED = re.compile(r"[_-]ENS(?:[A-Z]{3,4})?G\d{11}(?:\.\d+)?$")


def canonical_symbol(name: str) -> str:
    """Reverse the changes that R and CELLxGENE make to symbols.

    Examples
    --------
    >>> canonical_symbol("HLA.A"), canonical_symbol("MATR3_ENSG00000280987")
    ('HLA-A', 'MATR3')
    """
    name = _DISAMBIGUATED.sub("", name) if not is_ensembl(name) else name
    symbols = known_names()
    if name in symbols:
        return name
    if "." in name:
        dashed = name.replace(".", "-")
        if dashed in symbols or dashed.startswith(("HLA-", "MT-")):
            return dashed
    if name[:1] == "X" and name[1:2].isdigit() and name[1:] in symbols:
        return name[1:]
    return _by_separators().get(_SEPARATORS.sub("-", name), name) if _SEPARATORS.search(name) else name


@cache
def _by_separators() -> dict[str, str]:
    """Return names with "-" as separator -> the symbol, if only one symbol matches."""
    names: dict[str, set[str]] = {}
    for name in known_names():
        if _SEPARATORS.search(name):
            names.setdefault(_SEPARATORS.sub("-", name), set()).add(name)
    return {plain: next(iter(symbols)) for plain, symbols in names.items() if len(symbols) == 1}


def symbols_of(
    names: Sequence[str], var: pd.DataFrame | None = None, table: Mapping[str, str] | None = None
) -> list[str]:
    """Return the gene symbol of each feature.

    An Ensembl id (or a number) is replaced by its symbol in ``var``, else by its symbol in the shipped table; an id
    without a symbol is returned without its version. If hardly any name is known (names of probes), symbols and ids are
    also taken from a column of any name that holds them. Other names are symbols already; a retired symbol (KARS) is
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
    names = mend([str(name) for name in names])
    mapping = ids_to_symbols() if table is None else table
    is_id = [is_ensembl(name) or name.isdigit() for name in names]
    if _are_codes(names, var):
        is_id = [True] * len(names)
    elif not _are_known(names):
        is_id = [each or name not in known_names() for each, name in zip(is_id, names, strict=True)]
    in_var = _column_of_symbols(var, len(names)) if any(is_id) else [""] * len(names)
    return [
        canonical_symbol(_symbol(name, identifier, symbol, mapping)) if coded else _current(name, identifier, mapping)
        for name, identifier, symbol, coded in zip(names, ids_of(names, var), in_var, is_id, strict=True)
    ]


def _current(name: str, identifier: str, mapping: Mapping[str, str]) -> str:
    """Return the current symbol of a gene: `name`, or the symbol of `identifier` if `name` is retired."""
    symbol = canonical_symbol(name)
    return symbol if symbol in symbols_with_ids() else mapping.get(identifier, symbol)


def _symbol(name: str, identifier: str, symbol: str, mapping: Mapping[str, str]) -> str:
    return symbol if symbol and not is_ensembl(symbol) else mapping.get(identifier, identifier or name)


def ids_of(names: Iterable[str], var: pd.DataFrame | None = None) -> list[str]:
    """Return the Ensembl id of each feature, from its name or a column of ``var``; an empty string if it has none."""
    texts = [str(name) for name in names]
    from_names = [strip_version(name) if is_ensembl(name) else "" for name in texts]
    column = _find_column(var, ID_COLUMNS, is_ensembl)
    if column is None and not _are_known(texts):
        column = _column_by_content(var, is_ensembl)
    if column is None:
        return from_names
    in_var = [strip_version(value) if is_ensembl(value) else "" for value in _texts(column)]
    return [identifier or other for identifier, other in zip(from_names, in_var, strict=True)]


def _column_of_symbols(var: pd.DataFrame | None, length: int) -> list[str]:
    column = _find_column(var, SYMBOL_COLUMNS, lambda value: bool(value) and not is_ensembl(value))
    if column is None:
        symbols = known_names()
        column = _column_by_content(var, lambda value: value in symbols)
    return [""] * length if column is None else _texts(column)


def _find_column(
    var: pd.DataFrame | None, candidates: tuple[str, ...], fits: Callable[[str], bool]
) -> "pd.Series[Any] | None":
    if var is None or len(var) == 0:
        return None
    by_name = {re.sub(r"[\s_.-]+", "_", str(column).strip().lower()): column for column in var.columns}
    for name in candidates:
        if name in by_name:
            column = var[by_name[name]]
            if _holds(column, fits):
                return column
    return None


def _column_by_content(var: pd.DataFrame | None, fits: Callable[[str], bool]) -> "pd.Series[Any] | None":
    """Return the first text column most values of which fit, whatever its name."""
    if var is None:
        return None
    texts = (var[name] for name in var.columns if not pd.api.types.is_numeric_dtype(var[name]))
    return next((column for column in texts if _holds(column, fits)), None)


def _holds(column: "pd.Series[Any]", fits: Callable[[str], bool]) -> bool:
    filled = [value for value in _texts(column.iloc[:EXAMINED]) if value]
    return bool(filled) and float(np.mean([fits(value) for value in filled])) > MIN_FRACTION


def _are_known(names: Sequence[str]) -> bool:
    """Return whether a fair share of the first names are gene symbols or Ensembl ids."""
    return not names or _share_known(names) >= MIN_KNOWN_SHARE


def _are_codes(names: Sequence[str], var: pd.DataFrame | None) -> bool:
    """Return whether names are codes of which some equal a symbol by chance (G2), and a column has the symbols."""
    share = _share_known(names)
    if var is None or share > MIN_FRACTION:
        return False
    symbols = known_names()
    column = _find_column(var, SYMBOL_COLUMNS, lambda value: value in symbols)
    return column is not None and _share_known(_texts(column.iloc[:EXAMINED])) > 2 * share


def _share_known(names: Sequence[str]) -> float:
    """Return the share of gene symbols and Ensembl ids among the first names."""
    symbols, first = known_names(), names[:EXAMINED]
    return sum(name in symbols or is_ensembl(name) for name in first) / max(1, len(first))


def _texts(column: "pd.Series[Any]") -> list[str]:
    return ["" if pd.isna(value) else str(value).strip() for value in column]


def shared_positions(symbols: Sequence[str], names: Sequence[str], ids: Sequence[str]) -> list[Ints]:
    """Return the positions of the features that measure each symbol.

    A symbol is matched by name, then by Ensembl id, then by its former or later names. A probe that measures several
    genes (FCGR3A/B) is matched to these genes. Names that are not gene symbols (cd3e) are matched case-insensitively.
    A feature whose name equals one of the symbols is matched to that symbol only.

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
    table = _Named(names, ids, set(symbols))
    return [np.asarray(sorted(set(table.positions(symbol))), dtype=np.int64) for symbol in symbols]


class _Named:
    """Index of features by name and id, to look up symbols."""

    def __init__(self, names: Sequence[str], ids: Sequence[str], symbols: set[str]) -> None:
        self.names, self.symbols = names, symbols
        self.by_name: dict[str, list[int]] = defaultdict(list)
        self.by_id: dict[str, list[int]] = defaultdict(list)
        self.by_fold: dict[str, list[int]] = defaultdict(list)
        for position, (name, identifier) in enumerate(zip(names, ids, strict=True)):
            self.by_name[name].append(position)
            self.by_fold[name.casefold()].append(position)
            if identifier:
                self.by_id[identifier].append(position)

    def positions(self, symbol: str) -> list[int]:
        """Return the positions of the features that measure a symbol."""
        return self._of_gene(symbol) or self._of_merged(symbol) or self._ignoring_case(symbol)

    def _of_gene(self, symbol: str) -> list[int]:
        if symbol in self.by_name:
            return self.by_name[symbol]
        of_id = [p for one in ids_by_symbol().get(symbol, ()) for p in self.by_id.get(one, ())]
        return [p for p in of_id if self.names[p] not in self.symbols] or [
            p for other in aliases_of(symbol) if other not in self.symbols for p in self.by_name.get(other, ())
        ]

    def _of_merged(self, symbol: str) -> list[int]:
        genes = merged_genes(symbol)
        if not genes or not self.symbols.isdisjoint(genes):
            return []
        return [p for gene in genes for p in self._of_gene(gene)]

    def _ignoring_case(self, symbol: str) -> list[int]:
        registered = known_names()
        alike = [p for p in self.by_fold.get(symbol.casefold(), ()) if self.names[p] not in self.symbols]
        return [p for p in alike if symbol not in registered or self.names[p] not in registered]
