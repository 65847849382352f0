"""Small objects in one request, conditional where asked: only if new, or only over a known version."""

import hashlib
import json
import os
import uuid
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, Final

from spatialcore.core.files import locked
from spatialcore.errors import ConflictError, FileMissingError
from spatialcore.storage.connections import connect
from spatialcore.storage.faults import AlteredError, attempt
from spatialcore.storage.local import replace_local, temporary_name
from spatialcore.storage.stat import Stat, stat, stat_local
from spatialcore.storage.stored import PART_SUFFIX
from spatialcore.storage.uri import Location, canonical

_IN_MEMORY: Final = Lock()
_MARK: Final = "spatialcore-write"  # metadata of an object written under a condition: which write it was


def write(data: bytes, location: Location, *, only_over: str | None = None) -> Stat:
    """Store a small object.

    Parameters
    ----------
    data
        Its content.
    location
        Its place.
    only_over
        None: whatever is there. Empty: only if nothing is there. A version token: only over that version.

    Raises
    ------
    ConflictError
        If the condition does not hold. Where an answer was lost and the request repeated, what stands in its way is
        our own object, which counts as success.
    """
    mark = uuid.uuid4().hex

    def once() -> Stat:
        return _WRITERS[location.scheme](data, location, only_over, mark)

    what = f"put {canonical(location.uri)}"
    try:
        return attempt(once, what=what)
    except ConflictError:
        if location.scheme in _MARK_OF and _mark_of(location) == mark:
            return stat(location)
        raise


def _mark_of(location: Location) -> str:
    """Return the mark of the write that made an object."""

    def once() -> str:
        system, place = connect(location)
        return _MARK_OF[location.scheme](system, place.path)

    try:
        return attempt(once, what=f"look at {canonical(location.uri)}")
    except FileMissingError:
        return ""


def _conflict(location: Location, only_over: str) -> ConflictError:
    seen = "there is an object already" if not only_over else "the object is not the version that was expected"
    return ConflictError(f"{canonical(location.uri)}: {seen}", hint="another process wrote it first: read it again")


def _to_file(data: bytes, location: Location, only_over: str | None, _mark: str) -> Stat:
    target = Path(location.path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = temporary_name(target)
    try:
        with part.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if only_over is None:
            replace_local(part, target)
        elif not only_over:
            os.link(part, target)
        else:
            _replace_version(part, target, location, only_over)
        return stat_local(target)
    finally:
        part.unlink(missing_ok=True)


def _replace_version(part: Path, target: Path, location: Location, only_over: str) -> None:
    with locked(target.with_name(f".{target.name}.lock{PART_SUFFIX}")):
        if not target.is_file() or stat_local(target).token != only_over:
            raise _conflict(location, only_over)
        replace_local(part, target)


def _to_memory(data: bytes, location: Location, only_over: str | None, _mark: str) -> Stat:
    system, place = connect(location)
    with _IN_MEMORY:
        there = system.exists(place.path)
        if only_over == "" and there:
            raise _conflict(location, only_over)
        if only_over and (not there or stat(location).token != only_over):
            raise _conflict(location, only_over)
        system.pipe_file(place.path, data)
        return stat(location)


def _to_s3(data: bytes, location: Location, only_over: str | None, mark: str) -> Stat:
    system, place = connect(location)
    bucket, _, key = place.path.partition("/")
    condition: dict[str, Any] = {}
    if only_over is not None:
        held = {"IfMatch": f'"{only_over}"'} if only_over else {"IfNoneMatch": "*"}
        condition = {"Metadata": {_MARK: mark}, **held}
    md5 = hashlib.md5(data, usedforsecurity=False)
    told = b64encode(md5.digest()).decode()
    answer = system.call_s3("put_object", Bucket=bucket, Key=key, Body=data, ContentMD5=told, **condition)
    etag = str(answer["ETag"]).strip('"')
    if not condition and tags_are_md5s(answer) and etag != md5.hexdigest():
        raise AlteredError(f"the store's checksum is {etag}, not {md5.hexdigest()}")  # written again, over this
    return Stat(token=etag, size=len(data), etag=etag)


def tags_are_md5s(answer: dict[str, Any]) -> bool:
    """Tell from an answer of S3 whether its entity tags are MD5s: not where the store encrypts with other keys."""
    return answer.get("ServerSideEncryption", "AES256") == "AES256" and "SSECustomerAlgorithm" not in answer


def _to_gs(data: bytes, location: Location, only_over: str | None, mark: str) -> Stat:
    system, place = connect(location)
    bucket, _, key = place.path.partition("/")
    condition: dict[str, Any] = {} if only_over is None else {"ifGenerationMatch": only_over or "0"}
    md5 = b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n"
    told = {"name": key, "md5Hash": md5} | ({} if only_over is None else {"metadata": {_MARK: mark}})
    head += json.dumps(told)
    head += f"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n"
    answer = system.call(
        "POST",
        f"{system._location}/upload/storage/v1/b/{bucket}/o",
        uploadType="multipart",
        headers={"Content-Type": f'multipart/related; boundary="{boundary}"'},
        data=head.encode() + data + f"\r\n--{boundary}--".encode(),
        json_out=True,
        **condition,
    )
    return Stat(token=str(answer["generation"]), size=len(data))


def _mark_on_s3(system: Any, path: str) -> str:
    bucket, _, key = path.partition("/")
    return str(system.call_s3("head_object", Bucket=bucket, Key=key).get("Metadata", {}).get(_MARK, ""))


def _mark_on_gs(system: Any, path: str) -> str:
    return str(system.info(path).get("metadata", {}).get(_MARK, ""))


_MARK_OF: Final[dict[str, Callable[[Any, str], str]]] = {"s3": _mark_on_s3, "gs": _mark_on_gs}
_WRITERS: Final[dict[str, Callable[[bytes, Location, str | None, str], Stat]]] = {
    "file": _to_file,
    "memory": _to_memory,
    "s3": _to_s3,
    "gs": _to_gs,
}
