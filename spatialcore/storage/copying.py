"""Copying a file from one place of a store to another: the store does it itself."""

from pathlib import Path

from spatialcore.errors import ConflictError, InputError
from spatialcore.storage.connections import connect
from spatialcore.storage.faults import AlteredError, TruncatedError, attempt
from spatialcore.storage.local import copy_known
from spatialcore.storage.stat import Stat, stat
from spatialcore.storage.stored import StoredFile
from spatialcore.storage.uri import Location, canonical, parse_uri


def copy_within(file: StoredFile, target: Location) -> Stat:
    """Copy one version of a file and return what the store says of the copy, which is visible only when whole.

    Raises
    ------
    ConflictError
        If the file is another version before or after.
    InputError
        If the target is in another kind of store.
    """
    source = parse_uri(file.uri)
    if source.scheme != target.scheme:
        raise InputError(
            f"{file.uri} cannot be copied to {target.scheme}://", hint="fetch it with get, and store it with put"
        )

    def confirm() -> None:
        _known(file, source)

    before = _known(file, source)
    what = f"copy {file.uri} to {canonical(target.uri)}"
    if target.is_local:
        return attempt(lambda: copy_known(Path(source.path), Path(target.path), confirm), what=what)
    copied = attempt(lambda: _copied(source, before, target), what=what)
    confirm()
    return copied


def _known(file: StoredFile, source: Location) -> Stat:
    """Return what the store says of the file, if it still is the version that is meant."""
    seen = stat(source)
    if seen.token != file.token:
        raise ConflictError(f"{file.uri} was replaced", hint="look it up again")
    return seen


def _copied(source: Location, before: Stat, target: Location) -> Stat:
    """Have the store copy an object, and compare what it says of the two."""
    system, here = connect(source)
    system.cp_file(here.path, connect(target)[1].path)
    after = stat(target)
    if before.size != after.size:
        raise TruncatedError(f"{after.size} of {before.size} bytes arrived")
    if before.md5 and after.md5 and before.md5 != after.md5:
        raise AlteredError("the store's MD5 of the copy is another")
    return after
