"""Current Ensembl ids of features named by Ensembl id or symbol."""

import gzip
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import pandas as pd

from spatialcore.core.genes.names import SPECIES, Species
from spatialcore.core.genes.symbols import ids_of, is_control, shared_positions, symbols_of
from spatialcore.core.genes.tables import load_ensembl_to_hugo_mapping

ID_PREFIX: dict[Species, str] = {"human": "ENSG", "mouse": "ENSMUSG"}


@cache
def retired_ids() -> frozenset[str]:
    """Return the Ensembl ids of both species that are in an earlier GENCODE release but not in the current one."""
    tables = files("spatialcore.data") / "gene_mappings"
    texts = [gzip.decompress((tables / f"retired_{species}.txt.gz").read_bytes()).decode() for species in SPECIES]
    return frozenset(identifier for text in texts for identifier in text.split())


def species_of(names: Sequence[str], var: pd.DataFrame | None = None) -> Species:
    """Return the species of the features, by their Ensembl ids if there are any, else by their symbols.

    Examples
    --------
    >>> species_of(["Cd3e", "Ms4a1"])
    'mouse'
    """
    ids = [identifier for identifier in ids_of(names, var) if identifier]
    symbols = set(symbols_of(list(names), var))

    def hits(species: Species) -> int:
        if ids:
            return sum(identifier.startswith(ID_PREFIX[species]) for identifier in ids)
        return len(symbols & set(load_ensembl_to_hugo_mapping(species=species).values()))

    return max(SPECIES, key=hits)


def current_ids(names: Sequence[str], var: pd.DataFrame | None, species: Species) -> list[str]:
    """Return the current Ensembl id of each feature; an empty string for controls and genes without a current id.

    Ids in the data are kept if they are current; other genes are looked up by their current or former symbol.

    Examples
    --------
    >>> current_ids(["CD3E", "NegControlProbe_1"], None, "human")
    ['ENSG00000198851', '']
    """
    ids = ids_of(names, var)
    by_symbol = _by_symbol(symbols_of(list(names), var), species)
    return [
        "" if is_control(str(name)) else identifier if _is_current(identifier, species) else current
        for name, identifier, current in zip(names, ids, by_symbol, strict=True)
    ]


def _by_symbol(symbols: list[str], species: Species) -> list[str]:
    table = load_ensembl_to_hugo_mapping(species=species)
    ids = [identifier for identifier in sorted(table) if identifier not in retired_ids()]
    # of several ids with one symbol the lowest belongs to the primary assembly; those of patches were added later
    matches = shared_positions(symbols, [table[identifier] for identifier in ids], ids)
    return [ids[positions[0]] if len(positions) else "" for positions in matches]


def _is_current(identifier: str, species: Species) -> bool:
    return identifier.startswith(ID_PREFIX[species]) and identifier not in retired_ids()
