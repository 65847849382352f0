"""Records of a store: JSON in which files of the store are named relative to its root, so it can be moved or copied.

A store is a folder or a bucket prefix with ``models/``, ``runs/``, ``cache/``, ``samples/``, ``panels/``. In memory
every file has the URI that opens it. In a record, ``store://models/lung/...`` is a file of the store that the record
itself is read from; other URIs (references, queries elsewhere) are unchanged.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from spatialcore.core.text.setting_faults import fault_texts
from spatialcore.errors import RecordError
from spatialcore.storage.objects import read_bytes
from spatialcore.storage.relative_uri import IN_STORE, relative, resolve

FIELDS: Final = ("uri", "source")  # the fields of records that contain a URI
Record = TypeVar("Record", bound=BaseModel)


def text_of(record: BaseModel, store: str) -> str:
    """Return a record as JSON, with the URIs of its store as ``store://...``.

    Parameters
    ----------
    record
        The record.
    store
        Folder or URI of the store.

    Returns
    -------
    str
        JSON text.

    Examples
    --------
    >>> from spatialcore.storage import StoredFile
    >>> file = StoredFile(uri="s3://lab/store/a.h5ad", token="1", sha256="2", size=3)
    >>> "store://a.h5ad" in text_of(file, "s3://lab/store")
    True
    """
    return _with_uris(record, partial(relative, store)).model_dump_json(indent=1)


def read_record(kind: type[Record], uri: str, store: str) -> Record:
    """Read a record. Its URIs point into the store from which it is read, also if it was written in another store.

    Parameters
    ----------
    kind
        The class of the record.
    uri, store
        The record, and the store that it belongs to.

    Returns
    -------
    BaseModel
        An instance of the given model.

    Raises
    ------
    FileMissingError
        If there is no such record.
    RecordError
        If it is truncated or not of this class.

    Examples
    --------
    >>> from spatialcore.storage import StoredFile, put_text
    >>> file = StoredFile(uri="memory://lab/a.h5ad", token="1", sha256="2", size=3)
    >>> _ = put_text(text_of(file, "memory://lab"), "memory://moved/a.json")
    >>> read_record(StoredFile, "memory://moved/a.json", "memory://moved").uri
    'memory://moved/a.h5ad'
    """
    record = parse_record(kind, read_bytes(uri), uri)
    former = _former_roots([*_uris(record.model_dump())], relative(store, uri))

    def resolve_uri(name: str) -> str:
        root = next((root for root in former if name.startswith(f"{root}/")), None)
        return resolve(store, name if root is None else IN_STORE + name[len(root) + 1 :])

    return _with_uris(record, resolve_uri)


def parse_record(kind: type[Record], content: bytes, uri: str) -> Record:
    """Return a record from its content; the error for an invalid one names its URI.

    Raises
    ------
    RecordError
        If it is truncated or not of this class.
    """
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        text = fault_texts(error.errors()[:1])[0]
    raise RecordError(
        f"{uri} cannot be read as {kind.__name__}: {text:.200}",
        hint="it is truncated or damaged: restore it from a backup, or delete it and run again",
    )


def _former_roots(uris: Sequence[str], record: str) -> set[str]:
    """Return the roots of the store when a record was written with absolute URIs, as earlier versions did.

    One of the URIs is in the record's own folder: the part before that folder was the root.
    """
    if any(uri.startswith(IN_STORE) for uri in uris):
        return set()
    folder = record.removeprefix(IN_STORE).rpartition("/")[0]
    return {f"{uri}/".rpartition(f"/{folder}/")[0] for uri in uris} - {""}


def _with_uris(record: Record, convert: Callable[[str], str]) -> Record:
    return type(record).model_validate(_convert(record.model_dump(), convert))


def _convert(value: object, convert: Callable[[str], str], field: str = "") -> object:
    if isinstance(value, dict):
        return {name: _convert(part, convert, name) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_convert(part, convert) for part in value]
    return convert(value) if field in FIELDS and isinstance(value, str) else value


def _uris(value: object, field: str = "") -> Iterator[str]:
    """Yield every URI in a record."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _uris(part, name)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _uris(part)
    elif field in FIELDS and isinstance(value, str):
        yield value
