"""Values checked at the door: what was seen, what was wanted, what to do."""

from collections.abc import Iterable
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from spatialcore.errors import InputError


def require_whole(name: str, value: Any, *, least: int, hint: str) -> int:
    """Return a whole number that is at least ``least``; True is no number."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(f"{name} is {value!r}, wanted a whole number of {least} or more", hint=hint)
    return int(value)


def require_within(name: str, value: Any, low: float, high: float, *, hint: str) -> float:
    """Return a number from ``low`` to ``high``; NaN is no number."""
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= float(value) <= high:
        raise InputError(f"{name} is {value!r}, wanted a number from {low:g} to {high:g}", hint=hint)
    return float(value)


def require_list(name: str, value: Any, *, hint: str = "pass at least one") -> list[Any]:
    """Return a list that is not empty; one text alone is no list, although Python would walk its letters."""
    if isinstance(value, str | Path):
        raise InputError(f"{name} is the single text {str(value)!r}, wanted a list", hint=f"write [{str(value)!r}]")
    if not isinstance(value, Iterable):
        raise InputError(f"{name} is a {type(value).__name__}, wanted a list", hint=hint)
    items = list(value)
    if not items:
        raise InputError(f"{name} is empty, wanted a list", hint=hint)
    return items
