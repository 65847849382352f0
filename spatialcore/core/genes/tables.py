"""Tables of genes that ship with the package: Ensembl id, symbol, former symbols; human and mouse."""

import csv
import gzip
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import pandas as pd

from spatialcore.core.genes.names import is_ensembl, strip_version
from spatialcore.errors import FileMissingError, InputError

Species = Literal["human", "mouse"]
SPECIES: tuple[Species, ...] = ("human", "mouse")


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
def ids_by_symbol() -> dict[str, tuple[str, ...]]:
    """Return every symbol, current and former, with the ids that bore it."""
    ids: dict[str, list[str]] = {}
    for species in SPECIES:
        for identifier, symbols in _names_of_genes(species):
            for symbol in symbols:
                ids.setdefault(symbol, []).append(identifier)
    return {symbol: tuple(found) for symbol, found in ids.items()}


@cache
def aliases() -> dict[str, tuple[str, ...]]:
    """Return symbol -> other names of the same gene, former and current."""
    others: dict[str, list[str]] = {}
    for species in SPECIES:
        for _, symbols in _names_of_genes(species):
            for symbol in symbols if len(symbols) > 1 else ():
                others.setdefault(symbol, []).extend(other for other in symbols if other != symbol)
    return {symbol: tuple(names) for symbol, names in others.items()}


def _names_of_genes(species: Species) -> Iterator[tuple[str, list[str]]]:
    """Yield every id with its symbol and the symbols it had before."""
    table = _table(species)
    for identifier, symbol, former in zip(table["ensembl_id"], table["symbol"], table["former_symbol"], strict=True):
        yield identifier, [symbol, *former.split("|")] if former else [symbol]


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
