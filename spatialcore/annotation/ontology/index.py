"""The look-up table of names: shipped, or one of the user's own."""

import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from spatialcore.errors import FileMissingError, InputError

Index = dict[str, dict[str, Any]]


def load_ontology_index(index_path: str | Path | None = None) -> Index:
    """Return the look-up table ``{"metadata": {...}, "cl": {lower-case name: {"id", "name"}}}``.

    Parameters
    ----------
    index_path
        A JSON file in that form, read on every call; without it the table that comes with the package.

    Raises
    ------
    FileMissingError
        There is no such file.
    InputError
        The file is not such a table.

    Examples
    --------
    >>> load_ontology_index()["cl"]["macrophage"]["id"]
    'CL:0000235'
    """
    if index_path is None:
        return json.loads(_shipped())  # type: ignore[no-any-return]
    file = Path(index_path).expanduser()
    if not file.is_file():
        raise FileMissingError(f"no ontology index at {file}", hint="leave index_path out to use the shipped index")
    return _checked(file.read_text(encoding="utf-8"), str(file))


@lru_cache(maxsize=1)
def _shipped() -> str:
    return files("spatialcore.data").joinpath("ontology_mappings/ontology_index.json").read_text(encoding="utf-8")


def _checked(text: str, origin: str) -> Index:
    shape = 'expected {"cl": {"lower-case name": {"id": "CL:0000000", "name": "Name"}}}'
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{origin} is not JSON: {error}", hint=shape) from error
    entries = content.get("cl") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise InputError(f"{origin} has no 'cl' dictionary", hint=shape)
    for key, entry in entries.items():
        if not isinstance(entry, dict) or not {"id", "name"} <= entry.keys():
            raise InputError(f"{origin}: the entry {key!r} has no id and name", hint=shape)
        if not str(entry["id"]).startswith("CL:"):
            raise InputError(f"{origin}: {key!r} has the id {entry['id']!r}, not one of the Cell Ontology", hint=shape)
        if key != key.lower():
            raise InputError(f"{origin}: the key {key!r} is not lower case", hint="write keys in lower case")
    return {"metadata": {}, **content}
