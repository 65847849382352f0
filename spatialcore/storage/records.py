"""Records of a store: what lies in the store is named from its root, so the store may be moved, copied or renamed.

A store is a folder, ``s3://`` or ``gs://`` prefix with ``models/``, ``runs/``, ``cache/``, ``samples/``, ``panels/``.
In memory every file has the URI that opens it. In a record, ``store://models/lung/...`` stands for what lies in the
store that the record itself is read from; all else (references, queries elsewhere) stays as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from spatialcore.storage.objects import read_text
from spatialcore.storage.uri import IN_STORE, relative, resolve

FIELDS: Final = ("uri", "source")  # the fields of records that name a place
Record = TypeVar("Record", bound=BaseModel)


def text_of(record: BaseModel, store: str) -> str:
    """Return a record as it is written into its store: JSON without the store's own name."""
    return _respelled(record, partial(relative, store)).model_dump_json(indent=1)


def read_record(kind: type[Record], uri: str, store: str) -> Record:
    """Read a record; its URIs lead into the store that it is read from, wherever it was written.

    Parameters
    ----------
    kind
        What the record is.
    uri, store
        Where it lies, and the store that it belongs to.

    Raises
    ------
    FileMissingError
        There is no such record.
    pydantic.ValidationError
        It is not of this kind.
    """
    record = kind.model_validate_json(read_text(uri))
    then = _roots_when_written([*_uris(record.model_dump())], relative(store, uri))

    def spell(name: str) -> str:
        root = next((root for root in then if name.startswith(f"{root}/")), None)
        return resolve(store, name if root is None else IN_STORE + name[len(root) + 1 :])

    return _respelled(record, spell)


def _roots_when_written(uris: Sequence[str], record: str) -> set[str]:
    """Return what the store was called when a record named files in full, as earlier versions did.

    One of them lies in the record's own folder; what stands before that folder was the store.
    """
    if any(uri.startswith(IN_STORE) for uri in uris):
        return set()
    folder = record.removeprefix(IN_STORE).rpartition("/")[0]
    return {f"{uri}/".rpartition(f"/{folder}/")[0] for uri in uris} - {""}


def _respelled(record: Record, spell: Callable[[str], str]) -> Record:
    return type(record).model_validate(_each(record.model_dump(), spell))


def _each(value: Any, spell: Callable[[str], str], field: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _each(part, spell, name) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_each(part, spell) for part in value]
    return spell(value) if field in FIELDS and isinstance(value, str) else value


def _uris(value: Any, field: str = "") -> Iterator[str]:
    """Yield every URI in a record."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _uris(part, name)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _uris(part)
    elif field in FIELDS and isinstance(value, str):
        yield value
