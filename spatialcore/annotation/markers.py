"""Marker genes of common cell types, and their look-up by any name of the type."""

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from spatialcore.annotation.ontology.hierarchy import is_term, name_of
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.errors import FileMissingError, InputError

_FILE = "markers/canonical_markers.json"


class MarkerTable(dict[str, list[str]]):
    """Marker genes by lower-case Cell Ontology name; a type is also found by its id, synonym or any spelling of these.

    Iterating yields the names as they are stored. Look-ups (``table["CL:0000235"]``, ``table.get("Macrophages")``,
    ``"macrophage" in table``) resolve what they are given to a term first.
    """

    def __missing__(self, key: str) -> list[str]:
        name = _stored_name(key)
        if name is None or not dict.__contains__(self, name):
            raise KeyError(key)
        return dict.__getitem__(self, name)

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or (isinstance(key, str) and dict.__contains__(self, _stored_name(key)))

    def get(self, key: str, default: Any = None) -> Any:
        """Return the genes of a type, the default where the table does not have it."""
        name = key if dict.__contains__(self, key) else _stored_name(key)
        return dict.get(self, name, default) if name else default

    def measured(self, genes: Iterable[str]) -> "MarkerTable":
        """Return the table cut to the genes of a panel; types of which none is left are left out."""
        panel = set(genes)
        cut = {name: [gene for gene in markers if gene in panel] for name, markers in self.items()}
        return MarkerTable({name: markers for name, markers in cut.items() if markers})


def load_canonical_markers() -> MarkerTable:
    """Return marker genes (current human symbols, most telling first) by lower-case Cell Ontology name.

    Raises
    ------
    FileMissingError
        The table is not where the package keeps it.
    InputError
        The table is empty.

    Examples
    --------
    >>> load_canonical_markers().get("macrophage")[:2]
    ['CD163', 'CD68']
    """
    return MarkerTable({name: list(genes) for name, genes in _shipped().items()})


@cache
def _shipped() -> dict[str, list[str]]:
    file = files("spatialcore.data").joinpath(_FILE)
    if not file.is_file():
        raise FileMissingError(f"no marker table at {file}", hint="install the package anew, or pass markers=")
    markers: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8")).get("markers", {})
    if not markers:
        raise InputError(f"the marker table {file} is empty", hint="install the package anew, or pass markers=")
    return markers


def _stored_name(key: str) -> str | None:
    text = key.strip()
    if is_term(text):
        return name_of(text).lower()
    match = matcher_for().exact(text)
    return match.name.lower() if match.id else None
