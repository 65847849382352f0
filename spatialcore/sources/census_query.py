"""Query to the CELLxGENE Census: accepted values by column, from which the filter expression is built."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Self
from urllib.parse import parse_qsl, urlencode

from spatialcore.errors import InputError

# Parameters of cellxgene://?..., besides organism, is_primary_data and census.
FILTERS: Final = (
    "tissue",
    "tissue_general",
    "disease",
    "cell_type",
    "assay",
    "sex",
    "suspension_type",
    "development_stage",
    "dataset_id",
)
_OTHER: Final = ("organism", "is_primary_data", "census")
_ORGANISMS: Final = {"homo_sapiens": "Homo sapiens", "mus_musculus": "Mus musculus"}
_PRIMARY: Final = {"true": True, "false": False, "any": None}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class CensusQuery:
    """Selection of cells of the Census.

    Parameters
    ----------
    filters
        Columns and accepted values, sorted. A cell must have an accepted value in each column. ``tissue`` is compared
        with the detailed and the general tissue, so ``lung`` includes the lobes.
    organism
        ``homo_sapiens`` or ``mus_musculus``.
    is_primary_data
        True: each cell once, although atlases contain cells of other data sets. None: no filter.
    census
        Release (``stable``, ``latest``, ``2025-01-30``), or the path or URI of a private Census.
    """

    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    organism: str = "homo_sapiens"
    is_primary_data: bool | None = True
    census: str = "stable"

    @classmethod
    def of(
        cls,
        filters: Mapping[str, str | list[str] | tuple[str, ...] | None],
        *,
        organism: str = "homo_sapiens",
        is_primary_data: bool | None = True,
        census: str = "stable",
    ) -> Self:
        """Return a query after validating names and values.

        Raises
        ------
        InputError
            A filter or the organism is unknown, or no filter is given.
        """
        for name in filters:
            _require_supported(name, FILTERS)
        accepted = {name: _values(name, value) for name, value in filters.items() if value}
        if not accepted:
            raise InputError(
                "a Census query without filters would download all cells", hint="write cellxgene://?tissue=lung"
            )
        return cls(tuple(sorted(accepted.items())), _organism(organism), is_primary_data, _values("census", census)[0])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the query string of ``cellxgene://?``; a parameter can be repeated.

        Examples
        --------
        >>> CensusQuery.parse("tissue=lung&disease=normal&census=2025-01-30").census
        '2025-01-30'
        """
        values: dict[str, list[str]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            _require_supported(name, (*FILTERS, *_OTHER))
            values.setdefault(name, []).append(value)
        options = {name: _single(name, values.pop(name)) for name in _OTHER if name in values}
        primary = options.get("is_primary_data", "true").lower()
        if primary not in _PRIMARY:
            raise InputError(f"is_primary_data is {primary!r}, expected true, false or any", hint="omit it for true")
        return cls.of(
            {name: tuple(accepted) for name, accepted in values.items()},
            organism=options.get("organism", "homo_sapiens"),
            is_primary_data=_PRIMARY[primary],
            census=options.get("census", "stable"),
        )

    def text(self) -> str:
        """Return the canonical query string; equal queries give equal strings."""
        pairs = [(name, value) for name, values in self.filters for value in values]
        if self.organism != "homo_sapiens":
            pairs.append(("organism", self.organism))
        if self.is_primary_data is not True:
            pairs.append(("is_primary_data", "any" if self.is_primary_data is None else "false"))
        if self.census != "stable":
            pairs.append(("census", self.census))
        return urlencode(pairs)

    def value_filter(self) -> str:
        """Return the SOMA filter expression; all values are quoted literals."""
        parts = []
        for name, values in self.filters:
            part = _any_of(name, values)
            parts.append(f"({part} or {_any_of('tissue_general', values)})" if name == "tissue" else part)
        if self.is_primary_data is not None:
            parts.append(f"is_primary_data == {self.is_primary_data}")
        return " and ".join(parts)


def literal(value: str) -> str:
    """Return a string literal of the filter language, which has the syntax of Python."""
    return repr(value)


def _any_of(name: str, values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return f"{name} == {literal(values[0])}"
    return f"{name} in [{', '.join(literal(value) for value in values)}]"


def _values(name: str, value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else tuple(value)
    for text in values:
        if not text.strip() or _CONTROL.search(text):
            raise InputError(f"{name}={text!r} is not a valid value", hint="omit the filter to accept all values")
    return tuple(sorted(set(values)))


def _single(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise InputError(f"{name} is given {len(values)} times", hint="pass it once")
    return values[0]


def _require_supported(name: str, supported: tuple[str, ...]) -> None:
    if name not in supported:
        near = get_close_matches(name, supported, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"supported: {', '.join(supported)}"
        raise InputError(f"unknown Census filter {name!r}", hint=hint)


def _organism(name: str) -> str:
    key = name.strip().lower().replace(" ", "_")
    key = {"human": "homo_sapiens", "mouse": "mus_musculus"}.get(key, key)
    if key not in _ORGANISMS:
        raise InputError(f"unknown organism {name!r}", hint=f"available: {', '.join(_ORGANISMS.values())}")
    return key
