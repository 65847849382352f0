"""The pointer to the version in use: read it, and move it by conditional writes."""

from collections.abc import Callable
from datetime import UTC, datetime

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.errors import ConflictError, FileMissingError, TransientStorageError
from spatialcore.registry.layout import pointer_uri
from spatialcore.registry.records import Move, Pointer
from spatialcore.storage.records import parse_record

log = get_logger(__name__)
ATTEMPTS = 20


def current(store: str, tissue: str) -> Pointer | None:
    """Return the pointer of a tissue, or None if no version has been promoted.

    Parameters
    ----------
    store
        Folder or URI of the store.
    tissue
        Tissue of the model.

    Returns
    -------
    Pointer or None
        The version in use and the history of moves.

    Examples
    --------
    >>> import tempfile
    >>> current(tempfile.mkdtemp(), "blood") is None
    True
    """
    pointer, _ = read_pointer(pointer_uri(store, tissue))
    return pointer


def move_pointer(store: str, tissue: str, decide: Callable[[Pointer | None], str], reason: str) -> Pointer:
    """Move the pointer to the version that a function chooses from the pointer as it is at that moment.

    Raises
    ------
    TransientStorageError
        Other processes change the pointer at the same time, again and again.
    """
    uri = pointer_uri(store, tissue)
    for _ in range(ATTEMPTS):
        pointer, token = read_pointer(uri)
        version = decide(pointer)
        if pointer is not None and pointer.version == version:
            return pointer
        move = Move(version=version, when=datetime.now(UTC), reason=reason)
        moved = Pointer(tissue=tissue, version=version, moves=(*(pointer.moves if pointer else ()), move))
        content = moved.model_dump_json(indent=1).encode()
        try:
            storage.put_if(content, uri, expected=token) if token else storage.put_new(content, uri)
        except ConflictError:  # another process moved the pointer: read it and decide again
            continue
        log.info("%s model in use is now %s (%s)", tissue, version, reason or "no reason given")
        return moved
    raise TransientStorageError(f"{uri} is being changed by other processes", hint="try again later")


def read_pointer(uri: str) -> tuple[Pointer | None, str]:
    """Return the pointer and its version token. The token is read first, so a change in between is noticed."""
    try:
        token = storage.token(uri)
        return parse_record(Pointer, storage.read_bytes(uri), uri), token
    except FileMissingError:
        return None, ""
