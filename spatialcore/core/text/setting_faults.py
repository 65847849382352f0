"""Faults of pydantic models in the words of this library: *trainer is 'x', expected 'logistic' or 'celltypist'*."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from spatialcore.core.text.wording import number_of
from spatialcore.core.validation import short

UNKNOWN_NAME: Final = frozenset({"extra_forbidden", "no_such_attribute"})  # pydantic's names of such errors
_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping of settings",
    "model_attributes_type": "a mapping of settings",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
}
_TOO_SHORT: Final = {"too_short": ("entry", "entries"), "string_too_short": ("character", "characters")}
# pydantic's name of a branch of a union, which is no part of the path to a setting
_BRANCH: Final = re.compile(r"str|int|float|bool|none|(list|dict|tuple|set|literal|constrained-|function-|nullable).*")


def fault_texts(faults: Sequence[Any]) -> list[str]:
    """Return one text per fault of a pydantic ``ValidationError``.

    Parameters
    ----------
    faults
        ``errors()`` of the exception.

    Examples
    --------
    >>> from pydantic import TypeAdapter, ValidationError
    >>> try:
    ...     TypeAdapter(dict[str, int]).validate_python({"max_cells": "many"})
    ... except ValidationError as error:
    ...     fault_texts(error.errors())
    ["max_cells is 'many', expected an integer"]
    """
    branches: dict[str, list[Any]] = {}
    for fault in faults:
        branches.setdefault(path_of(fault), []).append(fault)
    return [
        _text(path, same)
        for path, same in branches.items()
        if not (_is_of_branch(same) and any(other.startswith(f"{path}.") for other in branches))
    ]


def path_of(fault: Any) -> str:
    """Return the path to the setting of a fault, such as ``references.0.uri``; empty for a fault of several."""
    return ".".join(str(step) for i, step in enumerate(fault["loc"]) if i == 0 or not _is_branch(step))


def similar_names(fault: Any, titles: Mapping[str, str]) -> list[str]:
    """Return up to two settings like the unknown one of a fault, or allowed values like its value.

    Parameters
    ----------
    fault
        One of ``errors()`` of the exception.
    titles
        The title of each setting, by its name: *seed* is similar to ``random_state``, whose title is *Seed*.
    """
    if fault["type"] in UNKNOWN_NAME:
        name = str(fault["loc"][-1])
        with_title = [key for key, title in titles.items() if title.casefold() == name.replace("_", " ").casefold()]
        return with_title or get_close_matches(name, list(titles), n=2, cutoff=0.55)
    if fault["type"] == "literal_error":
        return get_close_matches(str(fault["input"]), re.findall(r"'([^']*)'", fault["ctx"]["expected"]), n=1)
    return []


def _is_branch(step: object) -> bool:
    return isinstance(step, str) and _BRANCH.fullmatch(step) is not None


def _is_of_branch(faults: list[Any]) -> bool:
    """Return whether each fault says that the value is not of the type of one branch of a union."""
    return all(_is_branch(fault["loc"][-1]) and fault["type"].endswith("_type") for fault in faults if fault["loc"])


def _text(path: str, faults: list[Any]) -> str:
    """Return the text of the faults of one setting: several are those of the branches of a union."""
    fault = faults[0]
    if fault["type"] in UNKNOWN_NAME:
        return f"unknown setting {path}"
    if fault["type"] == "missing":
        return f"{path} is missing"
    expected = list(dict.fromkeys(text for each in faults if (text := _expected(each))))
    if not expected:
        message = fault["msg"].removeprefix("Value error, ").partition("\n")[0]
        return f"{path}: {message}" if path else message
    return f"{path or 'the configuration'} is {short(fault['input']):.80}, expected {' or '.join(expected)}"


def _expected(fault: Any) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind in _TOO_SHORT:
        return f"at least {number_of(context['min_length'], *_TOO_SHORT[kind])}"
    return _EXPECTED.get(kind, "").format(**context)
