"""Infer the species of genes from their symbols (case-sensitive) and Ensembl ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from spatialcore.core.genes.names import SPECIES, Species, is_control, is_ensembl, strip_version

__all__ = [
    "SPECIES",
    "Species",
    "SpeciesCounts",
    "SpeciesSetting",
    "count_species",
    "example_of",
    "is_of_other_species",
    "species_of_genes",
]

SpeciesSetting = Literal["auto", "human", "mouse"]

MIXED_SHARE: Final = 0.2
MIXED_GENES: Final = 5
_PREFIXES: Final[dict[Species, str]] = {"human": "ENSG0", "mouse": "ENSMUSG"}
_EXAMPLES: Final[dict[Species, str]] = {"human": "GAD1, ENSG00000128683", "mouse": "Gad1, ENSMUSG00000070880"}


@dataclass(frozen=True)
class SpeciesCounts:
    """Number of genes of a list that only one species has.

    Parameters
    ----------
    human, mouse
        Genes whose symbol or Ensembl id only this species has.
    examples
        Up to three such genes per species.
    """

    human: int
    mouse: int
    examples: dict[Species, tuple[str, ...]]

    @property
    def species(self) -> Species | None:
        """The species of most of these genes; None if there are none."""
        if self.human == self.mouse:
            return None
        return "human" if self.human > self.mouse else "mouse"

    @property
    def is_mixed(self) -> bool:
        """Whether a considerable share of the genes is of each species."""
        fewer, total = min(self.human, self.mouse), self.human + self.mouse
        return fewer >= MIXED_GENES and fewer >= MIXED_SHARE * total

    def describe(self) -> str:
        """Return the counts and some of the genes, for a message."""
        counts: dict[Species, int] = {"human": self.human, "mouse": self.mouse}
        parts = [f"{n} {species} ({', '.join(self.examples[species])})" for species, n in counts.items() if n]
        return " and ".join(parts) or "no"


def count_species(symbols: Iterable[str], ids: Iterable[str] = ()) -> SpeciesCounts:
    """Count the genes that only human or only mouse has.

    Symbols are case-sensitive: ``GAD1`` is human, ``Gad1`` mouse; symbols of both species (``C2``) are not counted.
    Ensembl ids may be among the symbols, or in ``ids`` for symbols that are unknown.

    Parameters
    ----------
    symbols
        Gene symbols or Ensembl ids.
    ids
        Ensembl id per symbol, '' where unknown; none for symbols alone.

    Examples
    --------
    >>> count_species(["Gad1", "Slc17a7", "ENSMUSG00000070880"]).species
    'mouse'
    """
    names = list(symbols)
    identifiers = [*ids] or [""] * len(names)
    genes: dict[Species, list[str]] = {"human": [], "mouse": []}
    for name, identifier in zip(names, identifiers, strict=True):
        species = None if is_control(name) else _species_of(name) or _species_of(identifier)
        if species:
            genes[species].append(name or identifier)
    return SpeciesCounts(
        len(genes["human"]), len(genes["mouse"]), {species: tuple(names[:3]) for species, names in genes.items()}
    )


def species_of_genes(symbols: Iterable[str], ids: Iterable[str] = ()) -> Species | None:
    """Return the species of most genes of a list, or None if it cannot be determined."""
    return count_species(symbols, ids).species


def example_of(species: Species) -> str:
    """Return how genes of a species are written, for a message."""
    return _EXAMPLES[species]


def is_of_other_species(name: str) -> bool:
    """Return whether a name is an Ensembl gene id of a species that is neither human nor mouse.

    Examples
    --------
    >>> is_of_other_species("ENSRNOG00000000001"), is_of_other_species("ENSMUSG00000070880")
    (True, False)
    """
    return name.startswith("ENS") and is_ensembl(name) and not name.startswith(tuple(_PREFIXES.values()))


def _species_of(name: str) -> Species | None:
    for species, prefix in _PREFIXES.items():
        if name.startswith(prefix):
            return species if strip_version(name) else None
    return _exclusive_symbols().get(name)


@cache
def _exclusive_symbols() -> dict[str, Species]:
    """Return every symbol, current or former, that one species alone has."""
    from spatialcore.core.genes.tables import symbols_of_species

    human, mouse = symbols_of_species("human"), symbols_of_species("mouse")
    exclusive: dict[str, Species] = dict.fromkeys(human - mouse, "human")
    return exclusive | dict.fromkeys(mouse - human, "mouse")
