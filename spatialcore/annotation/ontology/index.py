"""The ontology index: terms by name and synonym, shipped with the package or read from a user's file."""

import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TypedDict, cast

from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import number_of
from spatialcore.errors import FileMissingError, InputError

logger = get_logger(__name__)


class IndexEntry(TypedDict):
    """A term of the index."""

    id: str
    name: str


class OntologyIndex(TypedDict):
    """The ontology index: ``cl`` holds the terms by lower-case name or synonym."""

    metadata: dict[str, str | int]
    cl: dict[str, IndexEntry]


def load_ontology_index(index_path: str | Path | None = None) -> OntologyIndex:
    """Return the ontology index ``{"metadata": {...}, "cl": {lower-case name: {"id", "name"}}}``.

    Parameters
    ----------
    index_path
        A JSON file in this format, read on every call. Default: the index shipped with the package.

    Returns
    -------
    dict
        ``metadata`` (version and counts; may be empty for a user's index) and ``cl`` (id and name of the term for
        each lower-case name or synonym). The dict is a new copy and may be modified.

    Raises
    ------
    FileMissingError
        The file does not exist.
    InputError
        The file is not valid JSON or does not have this format.

    Examples
    --------
    >>> load_ontology_index()["cl"]["macrophage"]["id"]
    'CL:0000235'
    """
    if index_path is None:
        return cast(OntologyIndex, json.loads(_shipped()))
    file = Path(index_path).expanduser()
    if not file.is_file():
        raise FileMissingError(f"ontology index {file} not found", hint="omit index_path to use the shipped index")
    return _parse(file.read_text(encoding="utf-8"), str(file))


@lru_cache(maxsize=1)
def _shipped() -> str:
    return files("spatialcore.data").joinpath("ontology_mappings/ontology_index.json").read_text(encoding="utf-8")


def _parse(text: str, origin: str) -> OntologyIndex:
    expected = 'expected {"cl": {"lower-case name": {"id": "CL:0000000", "name": "Name"}}}'
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{origin} is not valid JSON: {error}", hint=expected) from error
    entries = content.get("cl") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise InputError(f"{origin} has no 'cl' dictionary or an empty one", hint=expected)
    for key, entry in entries.items():
        if not isinstance(entry, dict) or not {"id", "name"} <= entry.keys():
            raise InputError(f"{origin}: entry {key!r} lacks 'id' or 'name'", hint=expected)
    cell_types = {key: entry for key, entry in entries.items() if str(entry["id"]).startswith("CL:")}
    for key in cell_types:
        if key != key.lower():
            raise InputError(f"{origin}: key {key!r} is not lower case", hint="write the keys in lower case")
    if not cell_types:
        raise InputError(f"{origin} has no entry with a CL id", hint=expected)
    if skipped := len(entries) - len(cell_types):
        logger.warning("%s: skipped %s not of the Cell Ontology", origin, number_of(skipped, "entry", "entries"))
    return cast(OntologyIndex, {"metadata": {}, **content, "cl": cell_types})
