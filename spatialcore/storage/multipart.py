"""Bringing a file to S3 in parts.

An upload in parts is visible only when the store is told to make the parts one, and that is asked for only when every
part has been compared with the file. So no second name and no copy inside the store are needed.
"""

import hashlib
import mimetypes
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import FileMissingError, StorageError
from spatialcore.storage.connections import connect
from spatialcore.storage.faults import AlteredError, TruncatedError, attempt
from spatialcore.storage.policy import MB, Policy
from spatialcore.storage.progress import progress_bar
from spatialcore.storage.stat import Stat, stat
from spatialcore.storage.uri import Location, canonical
from spatialcore.storage.write import tags_are_md5s, write

log = get_logger(__name__)

_MOST_PARTS: Final = 9_000  # S3 takes 10,000,
_LEAST_PART: Final = 5 * MB  # and none below this but the last


@dataclass(frozen=True)
class _Upload:
    """An upload that was begun: how to speak of it, and whether the store's entity tags are MD5s."""

    system: Any
    location: Location
    names: dict[str, str]
    plain: bool

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.system.call_s3(method, **self.names, **arguments)
        return answer

    @property
    def what(self) -> str:
        return f"put {canonical(self.location.uri)}"


def send_in_parts(source: Path, location: Location, size: int, confirm: Callable[[], None]) -> tuple[Stat, str]:
    """Store a file on S3.

    Parameters
    ----------
    source, size
        The file, and its bytes.
    location
        Its place.
    confirm
        Called when all parts have arrived; if it raises, nothing is stored.

    Returns
    -------
    What the store says of the object, and its sha256.
    """
    if not size:
        return write(b"", location), hashlib.sha256().hexdigest()
    upload = _begin(location, source.name)
    try:
        digest, parts = _send_all(upload, source, size)
        confirm()
        etag = _finish(upload, parts)
    except BaseException:
        _abandon(upload)
        raise
    return Stat(token=etag, size=size, etag=etag), digest


def _begin(location: Location, name: str) -> _Upload:
    system, place = connect(location)
    bucket, _, key = place.path.partition("/")
    names = {"Bucket": bucket, "Key": key}
    kind, _ = mimetypes.guess_type(name)
    options = {"ContentType": kind} if kind else {}
    what = f"put {canonical(location.uri)}"
    answer = attempt(lambda: system.call_s3("create_multipart_upload", **names, **options), what=what)
    return _Upload(system, location, {**names, "UploadId": answer["UploadId"]}, tags_are_md5s(answer))


def _send_all(upload: _Upload, source: Path, size: int) -> tuple[str, list[tuple[str, bytes]]]:
    """Send all parts, several at once; return the file's sha256, and entity tag and MD5 of each part."""
    length = _length(size)
    offsets = range(0, size, length)
    streams = Policy.from_environment().streams
    with ThreadPoolExecutor(streams + 1) as pool, progress_bar(source.name, size) as advance:
        digest = pool.submit(sha256_of_file, source)  # beside the network, not before it

        def send(number: int) -> tuple[str, bytes]:
            offset = offsets[number - 1]
            data = _read(source, offset, min(length, size - offset))
            sent = attempt(lambda: _send(upload, number, data), what=f"{upload.what}, part {number}")
            advance(len(data))
            return sent

        parts = list(pool.map(send, range(1, len(offsets) + 1)))
        return digest.result(), parts


def _length(size: int) -> int:
    least = -(-size // _MOST_PARTS)
    return max(Policy.from_environment().block, _LEAST_PART, -(-least // MB) * MB)


def _read(source: Path, offset: int, size: int) -> bytes:
    with source.open("rb") as stream:
        stream.seek(offset)
        data = stream.read(size)
    if len(data) != size:
        raise StorageError(f"{source} became shorter while it was stored", hint="store it again when it is finished")
    return data


def _send(upload: _Upload, number: int, data: bytes) -> tuple[str, bytes]:
    """Send one part. The store is given its MD5 to compare, and where its answer tells what it holds, so do we."""
    md5 = hashlib.md5(data, usedforsecurity=False)
    told = b64encode(md5.digest()).decode()
    etag = str(upload.call("upload_part", PartNumber=number, Body=data, ContentMD5=told)["ETag"])
    if upload.plain and etag.strip('"') != md5.hexdigest():
        raise AlteredError(f"the store's checksum of part {number} is {etag}, not {md5.hexdigest()}")
    return etag, md5.digest()


def _finish(upload: _Upload, parts: list[tuple[str, bytes]]) -> str:
    """Have the store make the parts one object; return its entity tag.

    Where the answer was lost, the store knows no such upload when it is asked again: then the object is looked at.
    """
    together = hashlib.md5(b"".join(md5 for _, md5 in parts), usedforsecurity=False).hexdigest()
    expected = f"{together}-{len(parts)}"
    listed = {"Parts": [{"PartNumber": number, "ETag": etag} for number, (etag, _) in enumerate(parts, 1)]}
    try:
        answer = attempt(lambda: upload.call("complete_multipart_upload", MultipartUpload=listed), what=upload.what)
    except FileMissingError:
        if _etag_of(upload.location) != expected:
            raise TruncatedError("the store has lost the parts") from None
        return expected
    return str(answer["ETag"]).strip('"')


def _etag_of(location: Location) -> str:
    try:
        return stat(location).etag
    except FileMissingError:
        return ""


def _abandon(upload: _Upload) -> None:
    twice = replace(Policy.from_environment(), attempts=2)
    try:
        attempt(lambda: upload.call("abort_multipart_upload"), what=f"give up: {upload.what}", policy=twice)
    except FileMissingError:
        return
    except StorageError as error:
        log.warning("an unfinished upload is left behind: %s", error)
