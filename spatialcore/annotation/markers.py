"""Canonical marker genes of cell types, with look-up by any name of a type."""

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final, TypeVar

from spatialcore.annotation.ontology.hierarchy import is_term, name_of
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.core.genes.species import Species, species_of_genes
from spatialcore.core.validation import require_one_of
from spatialcore.errors import FileMissingError, InputError

_FILES: Final[dict[Species, str]] = {
    "human": "markers/canonical_markers.json",
    "mouse": "markers/canonical_markers_mouse.json",
}


T = TypeVar("T")


class MarkerTable(dict[str, list[str]]):
    """Marker genes by lower-case Cell Ontology name.

    Look-ups (``table["CL:0000235"]``, ``table.get("Macrophages")``, ``"macrophage" in table``) accept ids, names,
    synonyms and other spellings of a type. Iteration yields the stored names.
    """

    def __missing__(self, key: str) -> list[str]:
        name = _stored_name(key)
        if name is None or not dict.__contains__(self, name):
            raise KeyError(key)
        return dict.__getitem__(self, name)

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or (isinstance(key, str) and dict.__contains__(self, _stored_name(key)))

    def get(self, key: str, default: T | None = None) -> list[str] | T | None:  # type: ignore[override]  # one overload
        """Return the genes of a type, or the default if the table does not have the type."""
        name = key if dict.__contains__(self, key) else _stored_name(key)
        return dict.get(self, name, default) if name else default

    def measured(self, genes: Iterable[str]) -> "MarkerTable":
        """Return the table restricted to the genes of a panel; types without such genes are omitted.

        Parameters
        ----------
        genes
            Genes of the panel.

        Examples
        --------
        >>> load_canonical_markers().measured(["CD3E"])["T cells"]
        ['CD3E']
        """
        panel = set(genes)
        measured = {name: [gene for gene in markers if gene in panel] for name, markers in self.items()}
        return MarkerTable({name: markers for name, markers in measured.items() if markers})


def load_canonical_markers(species: Species = "human") -> MarkerTable:
    """Return the canonical marker genes by lower-case Cell Ontology name.

    Parameters
    ----------
    species
        "human" or "mouse". The mouse table has published markers of brain and some other types; after them, and for
        all other types, the one-to-one orthologs of the human markers.

    Returns
    -------
    dict of str to list of str
        Lists of current gene symbols, human ones sorted by the number of published marker tables that have the
        gene.

    Raises
    ------
    FileMissingError
        The file of the table does not exist.
    InputError
        The table is empty, or there is none for the species.

    Examples
    --------
    >>> load_canonical_markers().get("macrophage")[:2]
    ['CD163', 'CD68']
    """
    require_one_of("species", species, _FILES)
    return MarkerTable({name: list(genes) for name, genes in _shipped(species).items()})


def markers_for_genes(genes: Iterable[str]) -> MarkerTable:
    """Return the markers of the species that most of the genes belong to; human if the species cannot be inferred."""
    return load_canonical_markers(species_of_genes(genes) or "human")


@cache
def _shipped(species: Species) -> dict[str, list[str]]:
    file = files("spatialcore.data").joinpath(_FILES[species])
    if not file.is_file():
        raise FileMissingError(f"marker table {file} not found", hint="reinstall the package, or pass markers=")
    markers: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8")).get("markers", {})
    if not markers:
        raise InputError(f"the marker table {file} is empty", hint="reinstall the package, or pass markers=")
    return markers


def _stored_name(key: str) -> str | None:
    text = key.strip()
    if is_term(text):
        return name_of(text).lower()
    match = matcher_for().exact(text)
    return match.name.lower() if match.id else None
