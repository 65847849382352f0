"""Current Ensembl ids of a panel's features, whichever way they are named."""

import gzip
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import pandas as pd

from spatialcore.core.genes.symbols import ids_of, is_control, shared_positions, symbols_of
from spatialcore.core.genes.tables import SPECIES, Species, load_ensembl_to_hugo_mapping

ID_PREFIX: dict[Species, str] = {"human": "ENSG", "mouse": "ENSMUSG"}


@cache
def retired_ids() -> frozenset[str]:
    """Return the ids of both species that an earlier GENCODE had and the current one has no longer."""
    tables = files("spatialcore.data") / "gene_mappings"
    texts = [gzip.decompress((tables / f"retired_{species}.txt.gz").read_bytes()).decode() for species in SPECIES]
    return frozenset(identifier for text in texts for identifier in text.split())


def species_of(names: Sequence[str], var: pd.DataFrame | None = None) -> Species:
    """Say whose genes these are: by their ids where there are any, else by their symbols."""
    ids = [identifier for identifier in ids_of(names, var) if identifier]
    symbols = set(symbols_of(list(names), var))

    def hits(species: Species) -> int:
        if ids:
            return sum(identifier.startswith(ID_PREFIX[species]) for identifier in ids)
        return len(symbols & set(load_ensembl_to_hugo_mapping(species=species).values()))

    return max(SPECIES, key=hits)


def current_ids(names: Sequence[str], var: pd.DataFrame | None, species: Species) -> list[str]:
    """Return the current Ensembl id of every feature, '' for controls and for genes that have none.

    An id that the data give stands while it is current; else the gene is looked up by its symbol, current or former.
    """
    told = ids_of(names, var)
    by_symbol = _by_symbol(symbols_of(list(names), var), species)
    return [
        "" if is_control(str(name)) else own if _is_current(own, species) else found
        for name, own, found in zip(names, told, by_symbol, strict=True)
    ]


def _by_symbol(symbols: list[str], species: Species) -> list[str]:
    table = load_ensembl_to_hugo_mapping(species=species)
    ids = [identifier for identifier in sorted(table) if identifier not in retired_ids()]
    # of several ids of one symbol the lowest is taken: the primary assembly's, those of patches came later
    places = shared_positions(symbols, [table[identifier] for identifier in ids], ids)
    return [ids[found[0]] if len(found) else "" for found in places]


def _is_current(identifier: str, species: Species) -> bool:
    return identifier.startswith(ID_PREFIX[species]) and identifier not in retired_ids()
