"""Shipped gene tables of human and mouse: Ensembl id, symbol, former symbols."""

import csv
import gzip
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from spatialcore.core.genes.names import SPECIES, Species, is_ensembl, strip_version
from spatialcore.core.validation import require_one_of
from spatialcore.errors import FileMissingError, InputError

MAX_NAMES = 40


class Genes(NamedTuple):
    """Columns of the table of a species; the former symbols of a gene are joined by "|"."""

    ids: list[str]
    symbols: list[str]
    former: list[str]

    @property
    def names(self) -> frozenset[str]:
        """Every symbol, current and former."""
        return frozenset(self.symbols).union("|".join(filter(None, self.former)).split("|"))


@cache
def _genes(species: Species) -> Genes:
    """Return the genes of a species; as columns, because a tuple per gene takes several times as long."""
    columns = _columns(f"ensembl_{species}.tsv.gz")
    return Genes(*(columns[name] for name in ("ensembl_id", "symbol", "former_symbol")))


def _columns(name: str) -> dict[str, list[str]]:
    """Return the columns of a shipped table; comments are above its header."""
    resource = files("spatialcore.data") / "gene_mappings" / name
    try:
        text = gzip.decompress(resource.read_bytes()).decode()
    except FileNotFoundError as error:
        raise FileMissingError(f"the gene table {name} is missing", hint="install the package again") from error
    while text.startswith("#"):
        text = text.partition("\n")[2]
    header, _, rows = text.rstrip("\n").partition("\n")
    names = header.split("\t")
    values = rows.replace("\n", "\t").split("\t")
    return {column: values[i :: len(names)] for i, column in enumerate(names)}


@cache
def _ids_to_symbols(species: Species) -> dict[str, str]:
    genes = _genes(species)
    return dict(zip(genes.ids, genes.symbols, strict=True))


@cache
def ids_by_symbol() -> dict[str, tuple[str, ...]]:
    """Return current and former symbol -> Ensembl ids."""
    ids: dict[str, tuple[str, ...]] = {}
    for species in SPECIES:
        for identifier, symbols in _names_of_genes(species):
            for symbol in symbols:
                ids[symbol] = (*ids.get(symbol, ()), identifier)
    return ids


@cache
def symbols_with_ids() -> frozenset[str]:
    """Return the names of :func:`ids_by_symbol`, which takes longer to make."""
    return frozenset().union(*(_genes(species).names for species in SPECIES))


@cache
def ids_to_symbols(species: Species | None = None) -> dict[str, str]:
    """Return Ensembl id -> symbol, shared by all callers: not to be changed."""
    selected = SPECIES if species is None else (species,)
    return {identifier: symbol for one in selected for identifier, symbol in _ids_to_symbols(one).items()}


def aliases_of(symbol: str) -> tuple[str, ...]:
    """Return other names of a gene, former and current; ambiguous names are left out.

    Examples
    --------
    >>> "FAM46C" in aliases_of("TENT5C")
    True
    """
    others = (name for names in _groups_by_name().get(symbol, ()) for name in names if name != symbol)
    return tuple(dict.fromkeys(others))


@cache
def _groups_by_name() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return each name of a gene with several names -> the names of these genes."""
    groups: dict[str, tuple[tuple[str, ...], ...]] = {}
    for names in _groups():
        for name in names:
            groups[name] = (*groups.get(name, ()), names)
    return groups


def _groups() -> Iterator[tuple[str, ...]]:
    """Yield the names of each gene with several names, without families that share one name (Y_RNA)."""
    groups: dict[str, tuple[str, ...]] = {}
    for species in SPECIES:
        for _, symbols in _names_of_genes(species):
            groups[symbols[0]] = (*groups.get(symbols[0], ()), *symbols)
        for name, owners in _former(species).items():
            if len(owners) == 1:
                groups[owners[0]] = (*groups.get(owners[0], ()), name)
    unique = (tuple(dict.fromkeys(names)) for names in groups.values() if len(names) > 1)
    return (names for names in unique if 1 < len(names) <= MAX_NAMES)


@cache
def former_symbols() -> dict[str, tuple[str, ...]]:
    """Return former symbol -> current symbols that it may stand for, of both species."""
    first, *others = SPECIES
    names = dict(_former(first))
    for species in others:
        for name, symbols in _former(species).items():
            names[name] = (*names.get(name, ()), *symbols)
    return names


@cache
def ambiguous_symbols() -> dict[str, tuple[str, ...]]:
    """Return former symbols of several genes of one species -> their current symbols. They are never matched."""
    return {name: symbols for one in SPECIES for name, symbols in _former(one).items() if len(symbols) > 1}


@cache
def current_symbols(species: Species | None = None) -> frozenset[str]:
    """Return the current gene symbols of one species or both."""
    selected = SPECIES if species is None else (species,)
    return frozenset(symbol for one in selected for symbol in _ids_to_symbols(one).values())


@cache
def known_names() -> frozenset[str]:
    """Return all current and former gene symbols of both species."""
    return symbols_with_ids().union(former_symbols()) - {""}


@cache
def symbols_by_prefix(prefix: str) -> tuple[str, ...]:
    """Return the current symbols with a prefix, sorted."""
    return tuple(sorted(symbol for symbol in current_symbols() if symbol.startswith(prefix)))


@cache
def _former(species: Species) -> dict[str, tuple[str, ...]]:
    table = _columns(f"former_{species}.tsv.gz")
    return {name: tuple(symbols.split("|")) for name, symbols in zip(table["name"], table["symbol"], strict=True)}


def _names_of_genes(species: Species) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each Ensembl id with its current symbol and its former symbols."""
    for identifier, symbol, former in zip(*_genes(species), strict=True):
        yield identifier, (symbol, *former.split("|")) if former else (symbol,)


@cache
def symbols_of_species(species: Species) -> frozenset[str]:
    """Return every symbol of a species, current and former."""
    return _genes(species).names - {""}


@cache
def renamed_symbols(species: Species) -> dict[str, str]:
    """Return former symbol -> current symbol, of former symbols that one gene had and no gene has today."""
    current = set(_ids_to_symbols(species).values())
    successors: dict[str, set[str]] = {}
    for _, (symbol, *former) in _names_of_genes(species):
        for name in former:
            successors.setdefault(name, set()).add(symbol)
    return {name: min(new) for name, new in successors.items() if len(new) == 1 and name not in current}


@cache
def orthologs(source: Species, target: Species) -> dict[str, str]:
    """Return symbol -> symbol of the other species, of one-to-one orthologs only.

    Former symbols of the source lead to the ortholog of the gene that had them.

    Examples
    --------
    >>> orthologs("human", "mouse")["TP53"], "KLRC1" in orthologs("human", "mouse")
    ('Trp53', False)
    """
    if source == target:
        raise InputError(f"source and target are both {source}", hint="give two different species")
    table = _columns("orthologs_human_mouse.tsv.gz")
    pairs = dict(zip(table[source], table[target], strict=True))
    former = renamed_symbols(source)
    return {name: pairs[symbol] for name, symbol in former.items() if symbol in pairs} | pairs


def load_ensembl_to_hugo_mapping(
    cache_path: str | Path | None = None, auto_download: bool = False, *, species: Species | None = None
) -> dict[str, str]:
    """Return Ensembl gene id (without version) -> symbol, from the shipped tables.

    Parameters
    ----------
    cache_path
        Custom table to read instead: two columns, id and symbol, separated by tabs or commas, with a header.
    auto_download
        Accepted for compatibility and ignored: nothing is downloaded.
    species
        "human" or "mouse"; None for both (their ids are disjoint).

    Returns
    -------
    dict
        Ensembl id -> symbol.

    Raises
    ------
    FileMissingError
        There is no file at `cache_path`.
    InputError
        The species is unknown, or `cache_path` is not a table with Ensembl ids.

    Examples
    --------
    >>> load_ensembl_to_hugo_mapping()["ENSG00000141510"]
    'TP53'
    """
    if cache_path is not None:
        return _read_mapping(cache_path)
    if species is not None:
        require_one_of("species", species, SPECIES)
    return dict(ids_to_symbols(species))


def _read_mapping(path: str | Path) -> dict[str, str]:
    try:
        table = pd.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise FileMissingError(f"no gene table at {path}", hint="omit cache_path to use the shipped table") from error
    except (ValueError, csv.Error) as error:
        raise InputError(
            f"{path} is not a gene table: {error}", hint="expected two columns, id and symbol, with a header"
        ) from error
    mapping = {
        strip_version(identifier): symbol
        for identifier, symbol in zip(table.iloc[:, 0], table.iloc[:, min(1, table.shape[1] - 1)], strict=True)
        if is_ensembl(identifier) and symbol
    }
    if not mapping:
        raise InputError(f"{path} has no Ensembl id in the first column", hint="expected two columns, id and symbol")
    return mapping
