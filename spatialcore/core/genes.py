"""Genes: Ensembl ids and symbols, retired symbols, control features, several features of one gene."""

import csv
import gzip
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, InputError

log = get_logger(__name__)

Species = Literal["human", "mouse"]
SPECIES: tuple[Species, ...] = ("human", "mouse")
SYMBOL_COLUMNS = ("feature_name", "gene_symbols", "gene_symbol", "gene_name", "gene_names", "symbol", "gene", "name")
ID_COLUMNS = ("gene_ids", "gene_id", "ensembl_id", "ensembl", "ensembl_ids", "ensemble_id", "feature_id", "id")
MOSTLY = 0.5

_ENSEMBL = re.compile(r"^(ENS(?:[A-Z]{3,4})?G\d{11})(?:\.\d+)?(_PAR_Y)?$")
_DISAMBIGUATED = re.compile(r"[_-]ENS(?:[A-Z]{3,4})?G\d{11}(?:\.\d+)?$")
_CONTROL = re.compile(
    r"^(?:"
    r"neg(?:ative)?[\s_-]*control(?:[\s_-]*(?:probe|codeword))?s?(?:[\s_.-]*\w+)?|negcontrol\w*"  # Xenium
    r"|unassignedcodeword\w*|deprecatedcodeword\w*|genomiccontrol\w*|antisense[_-].+|blank[_-].*|intergenic(?:[_-].*|region.*)"
    r"|negative(?:\d*|[\s_-].*)|negprb.*|systemcontrol.*|falsecode.*|negpr.*"  # CosMx
    r"|ercc-\d+|notarget.*"
    r")$",
    re.IGNORECASE,
)


@cache
def _table(species: Species) -> pd.DataFrame:
    resource = files("spatialcore.data") / "gene_mappings" / f"ensembl_{species}.tsv.gz"
    try:
        content = gzip.decompress(resource.read_bytes()).decode()
    except FileNotFoundError as error:
        raise FileMissingError(f"no gene table for {species}", hint="install the package again") from error
    rows = csv.reader((line for line in content.splitlines() if not line.startswith("#")), delimiter="\t")
    header = next(rows)
    return pd.DataFrame(list(rows), columns=header)


@cache
def _ids_to_symbols(species: Species) -> dict[str, str]:
    table = _table(species)
    return dict(zip(table["ensembl_id"], table["symbol"], strict=True))


@cache
def _symbols_to_ids() -> dict[str, tuple[str, ...]]:
    """Return every symbol, current and former, with the ids that bore it."""
    ids: dict[str, list[str]] = {}
    for species in SPECIES:
        table = _table(species)
        for column in ("symbol", "former_symbol"):
            named = table[table[column] != ""]
            for symbol, identifier in zip(named[column], named["ensembl_id"], strict=True):
                ids.setdefault(symbol, []).append(identifier)
    return {symbol: tuple(found) for symbol, found in ids.items()}


def load_ensembl_to_hugo_mapping(
    cache_path: Any = None, auto_download: bool = False, *, species: Species | None = None
) -> dict[str, str]:
    """Return Ensembl gene id (without version) -> symbol, from tables that ship with the package.

    Parameters
    ----------
    cache_path
        A table of your own: two columns, id and symbol, separated by tabs or commas, with a header.
    auto_download
        Accepted for callers of older versions and of no effect: nothing is ever fetched.
    species
        "human" or "mouse"; None gives both (their ids are disjoint).

    Examples
    --------
    >>> load_ensembl_to_hugo_mapping()["ENSG00000141510"]
    'TP53'
    """
    if cache_path is not None:
        return _read_mapping(cache_path)
    if species is not None and species not in SPECIES:
        raise InputError(f"no gene table for species {species!r}", hint=f"known: {', '.join(SPECIES)}")
    wanted = SPECIES if species is None else (species,)
    return {identifier: symbol for one in wanted for identifier, symbol in _ids_to_symbols(one).items()}


def _read_mapping(path: Any) -> dict[str, str]:
    try:
        table = pd.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise FileMissingError(f"no gene table at {path}", hint="leave it out to use the shipped one") from error
    except (ValueError, csv.Error) as error:
        raise InputError(
            f"{path} is no gene table: {error}", hint="two columns, id and symbol, with a header"
        ) from error
    mapping = {
        strip_version(identifier): symbol
        for identifier, symbol in zip(table.iloc[:, 0], table.iloc[:, min(1, table.shape[1] - 1)], strict=True)
        if is_ensembl(identifier) and symbol
    }
    if not mapping:
        raise InputError(f"{path} holds no Ensembl id in its first column", hint="two columns, id and symbol")
    return mapping


def is_ensembl(name: str) -> bool:
    """Say whether a name is an Ensembl gene id of any species, with or without a version."""
    return _ENSEMBL.match(name) is not None


def strip_version(name: str) -> str:
    """Return an Ensembl id without version and _PAR_Y; any other name as it is."""
    match = _ENSEMBL.match(name)
    return match.group(1) if match else name


def is_control(name: str) -> bool:
    """Say whether a feature is a control of Xenium, CosMx or MERSCOPE and no gene."""
    return _CONTROL.match(name) is not None


def canonical_symbol(name: str) -> str:
    """Undo what R and CELLxGENE do to symbols: HLA.A -> HLA-A, MATR3_ENSG00000280987 -> MATR3."""
    name = _DISAMBIGUATED.sub("", name) if not is_ensembl(name) else name
    known = _symbols_to_ids()
    if "." in name and name not in known:
        dashed = name.replace(".", "-")
        return dashed if dashed in known or dashed.startswith(("HLA-", "MT-")) else name
    return name


def symbols_of(
    names: Sequence[str], var: pd.DataFrame | None = None, table: Mapping[str, str] | None = None
) -> list[str]:
    """Return the symbol of every feature.

    A name that is an Ensembl id (or a mere number) takes the symbol that ``var`` gives it, else the shipped table's,
    else it stays as it is without its version. Any other name is a symbol already.

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
    coded = [is_ensembl(name) or name.isdigit() for name in names]
    if not any(coded):
        return [canonical_symbol(name) for name in names]
    mapping = load_ensembl_to_hugo_mapping() if table is None else table
    given = _column_of_symbols(var, len(names))
    ids = ids_of(names, var)
    return [
        canonical_symbol(_symbol(name, identifier, told, mapping) if code else name)
        for name, identifier, told, code in zip(names, ids, given, coded, strict=True)
    ]


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


def _find_column(var: pd.DataFrame | None, wanted: tuple[str, ...], fits: Any) -> "pd.Series[Any] | None":
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


def sum_duplicates(X: sp.csr_matrix, names: Sequence[str]) -> tuple[sp.csr_matrix, list[str]]:
    """Add up the columns of one name; the names keep the order in which they first appear."""
    codes, unique = pd.factorize(np.asarray(names, dtype=object))
    if len(unique) == len(names):
        return X, list(names)
    fold = sp.csr_matrix(
        (np.ones(len(names), X.dtype), (np.arange(len(names)), codes)), shape=(len(names), len(unique))
    )
    return sp.csr_matrix(X @ fold), [str(name) for name in unique]


def normalize_gene_names(
    adata: AnnData, ensembl_to_hugo: Mapping[str, str] | None = None, copy: bool = False
) -> AnnData:
    """Name the features by gene symbol.

    Ensembl ids become symbols by a column of var (feature_name, gene_symbols ...) or by the shipped table; the names
    that were there go to ``var["original_name"]``. Features that share a symbol are summed when X holds counts, and
    otherwise refused, because logarithms do not add up.

    Parameters
    ----------
    adata
        Any species; ids of human and mouse genes are known.
    ensembl_to_hugo
        Ensembl id -> symbol, instead of the shipped table.
    copy
        Return a new object. Without it the object passed in is renamed, unless features have to be summed: the
        number of columns of an AnnData cannot change in place, so then a new object is returned as well.

    Raises
    ------
    InputError
        Two features share a symbol and X does not hold counts.
    """
    symbols = symbols_of(list(adata.var_names), adata.var, ensembl_to_hugo)
    if len(set(symbols)) == len(symbols):
        named = adata.copy() if copy else adata
        if symbols != list(map(str, adata.var_names)):
            named.var["original_name"] = np.asarray(adata.var_names, dtype=object)
            named.var_names = symbols
        return named
    return _with_summed_features(adata, symbols)


def _with_summed_features(adata: AnnData, symbols: list[str]) -> AnnData:
    from spatialcore.core.matrix import open_matrix
    from spatialcore.core.normalization import check_normalization_status

    status = check_normalization_status(adata)
    if status["x_state"] != "raw":
        repeated = [name for name, n in pd.Series(symbols).value_counts().items() if n > 1]
        raise InputError(
            f"features share a symbol ({', '.join(map(str, repeated[:5]))}) and X is {status['x_state']}, not counts",
            hint="put raw counts in X: counts of one gene are summed, logarithms cannot be",
        )
    rows = np.arange(adata.n_obs)
    summed, unique = sum_duplicates(open_matrix(adata.X).take(rows), symbols)
    first = pd.Series(np.arange(len(symbols)), index=symbols).groupby(level=0, sort=False).first().to_numpy()
    var = adata.var.iloc[first].copy()
    var["original_name"] = np.asarray(adata.var_names, dtype=object)[first]
    var.index = pd.Index(unique)
    layers = {
        name: sum_duplicates(open_matrix(layer).take(rows), symbols)[0]
        for name, layer in adata.layers.items()
        if name in ("counts", "raw_counts", "raw")
    }
    log.info("%d features were summed into %d genes", len(symbols), len(unique))
    return AnnData(summed, adata.obs.copy(), var, uns=dict(adata.uns), obsm=dict(adata.obsm), layers=layers)


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
    known = _symbols_to_ids()
    aliases = _aliases()
    found: list[NDArray[np.int64]] = []
    for symbol in wanted:
        positions = by_name.get(symbol, [])
        if not positions:
            positions = [
                p for identifier in known.get(symbol, ()) for p in by_id.get(identifier, []) if names[p] not in taken
            ]
        if not positions:
            positions = [p for alias in aliases.get(symbol, ()) if alias not in taken for p in by_name.get(alias, [])]
        found.append(np.asarray(sorted(set(positions)), dtype=np.int64))
    return found


@cache
def _aliases() -> dict[str, tuple[str, ...]]:
    """Return symbol -> other names of the same gene, former and current."""
    pairs: dict[str, list[str]] = {}
    for species in SPECIES:
        table = _table(species)
        renamed = table[table["former_symbol"] != ""]
        for new, old in zip(renamed["symbol"], renamed["former_symbol"], strict=True):
            pairs.setdefault(new, []).append(old)
            pairs.setdefault(old, []).append(new)
    return {symbol: tuple(others) for symbol, others in pairs.items()}
