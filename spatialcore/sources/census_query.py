"""A question to the CELLxGENE Census: which cells, as data, never as a piece of filter text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Self
from urllib.parse import parse_qsl, urlencode

from spatialcore.errors import InputError

# What may stand in cellxgene://?..., beside organism, is_primary_data and census.
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
    """Which cells of the Census are wanted.

    Parameters
    ----------
    filters
        Column and accepted values, sorted. A cell must fit every column, with any of its values. ``tissue`` fits the
        detailed and the general tissue, so that ``lung`` finds the lobes as well.
    organism
        ``homo_sapiens`` or ``mus_musculus``.
    is_primary_data
        True: each cell once, though atlases contain cells of other data sets. None: do not ask.
    census
        A release (``stable``, ``latest``, ``2025-01-30``), or the path or URI of a Census of one's own.
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
        """Check names and values and return the question.

        Raises
        ------
        InputError
            If a filter or the organism is unknown, or nothing is asked for.
        """
        for name in filters:
            _known(name, FILTERS)
        wanted = {name: _values(name, value) for name, value in filters.items() if value}
        if not wanted:
            raise InputError(
                "a Census query without a filter would fetch every cell", hint="write cellxgene://?tissue=lung"
            )
        return cls(tuple(sorted(wanted.items())), _organism(organism), is_primary_data, _values("census", census)[0])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what follows ``cellxgene://?``; a name may be given several times.

        Examples
        --------
        >>> CensusQuery.parse("tissue=lung&disease=normal&census=2025-01-30").census
        '2025-01-30'
        """
        values: dict[str, list[str]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            _known(name, (*FILTERS, *_OTHER))
            values.setdefault(name, []).append(value)
        options = {name: _single(name, values.pop(name)) for name in _OTHER if name in values}
        primary = options.get("is_primary_data", "true").lower()
        if primary not in _PRIMARY:
            raise InputError(f"is_primary_data={primary}", hint="write true, false or any")
        return cls.of(
            {name: tuple(given) for name, given in values.items()},
            organism=options.get("organism", "homo_sapiens"),
            is_primary_data=_PRIMARY[primary],
            census=options.get("census", "stable"),
        )

    def text(self) -> str:
        """Return the one spelling of this question, as it stands in a URI."""
        pairs = [(name, value) for name, values in self.filters for value in values]
        if self.organism != "homo_sapiens":
            pairs.append(("organism", self.organism))
        if self.is_primary_data is not True:
            pairs.append(("is_primary_data", "any" if self.is_primary_data is None else "false"))
        if self.census != "stable":
            pairs.append(("census", self.census))
        return urlencode(pairs)

    def value_filter(self) -> str:
        """Return the question in SOMA's filter language; every value is a quoted literal."""
        parts = []
        for name, values in self.filters:
            part = _any_of(name, values)
            parts.append(f"({part} or {_any_of('tissue_general', values)})" if name == "tissue" else part)
        if self.is_primary_data is not None:
            parts.append(f"is_primary_data == {self.is_primary_data}")
        return " and ".join(parts)


def literal(value: str) -> str:
    """Return a text as a literal of the filter language, which is read as a Python expression."""
    return repr(value)


def _any_of(name: str, values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return f"{name} == {literal(values[0])}"
    return f"{name} in [{', '.join(literal(value) for value in values)}]"


def _values(name: str, value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else tuple(value)
    for text in values:
        if not text.strip() or _CONTROL.search(text):
            raise InputError(f"{name}={text!r} is no value", hint="leave the filter out to accept every value")
    return tuple(sorted(set(values)))


def _single(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise InputError(f"{name} is given {len(values)} times", hint="give it once")
    return values[0]


def _known(name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
        raise InputError(f"the Census cannot be asked by {name!r}", hint=hint)


def _organism(name: str) -> str:
    key = name.strip().lower().replace(" ", "_")
    key = {"human": "homo_sapiens", "mouse": "mus_musculus"}.get(key, key)
    if key not in _ORGANISMS:
        raise InputError(f"no organism {name!r}", hint=f"known: {', '.join(_ORGANISMS.values())}")
    return key
