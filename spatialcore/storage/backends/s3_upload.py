"""An upload to S3 in parts: each part is sent with its MD5 and compared with the entity tag that the store answers."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, StorageError
from spatialcore.storage.retry import attempt
from spatialcore.storage.settings import StorageSettings
from spatialcore.storage.types import AlteredError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

log = get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class PartUpload:
    """An upload in parts that has begun."""

    system: "AbstractFileSystem"
    path: str
    names: Mapping[str, str]
    what: str
    sign_in: str
    etags_are_md5s: bool

    def call(self, method: str, **arguments: object) -> dict[str, Any]:
        """Call a method of the S3 client for this upload."""
        answer: dict[str, Any] = self.system.call_s3(method, **self.names, **arguments)
        return answer

    def attempt(self, operation: Callable[[], T], detail: str = "") -> T:
        """Run a request; retry it while its faults are transient."""
        return attempt(operation, what=self.what + detail, sign_in=self.sign_in)

    def send(self, number: int, data: bytes) -> tuple[str, bytes]:
        """Send a part; return its entity tag and its MD5."""
        return self.attempt(lambda: self._send_once(number, data), f", part {number}")

    def _send_once(self, number: int, data: bytes) -> tuple[str, bytes]:
        md5 = hashlib.md5(data, usedforsecurity=False)
        answer = self.call("upload_part", PartNumber=number, Body=data, ContentMD5=as_base64(md5.digest()))
        etag = str(answer["ETag"])
        if self.etags_are_md5s and etag.strip('"') != md5.hexdigest():
            raise AlteredError(f"part {number} has checksum {etag}, expected {md5.hexdigest()}")
        return etag, md5.digest()

    def complete(self, etags: list[str]) -> str:
        """Make the parts one object; return its entity tag."""
        parts = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]}
        answer = self.attempt(lambda: self.call("complete_multipart_upload", MultipartUpload=parts))
        return str(answer["ETag"]).strip('"')

    def abort(self) -> None:
        """Have the store remove the parts."""
        settings = replace(StorageSettings.from_environment(), attempts=2)
        try:
            attempt(lambda: self.call("abort_multipart_upload"), what=f"abort: {self.what}", settings=settings)
        except FileMissingError:
            return
        except StorageError as error:
            log.warning("could not remove an unfinished upload: %s", error)


def etags_are_md5s(answer: Mapping[str, object]) -> bool:
    """Tell from an answer whether entity tags are MD5s: not if the store encrypts with other keys than its own."""
    return answer.get("ServerSideEncryption", "AES256") == "AES256" and "SSECustomerAlgorithm" not in answer


def as_base64(digest: bytes) -> str:
    """Return a digest as headers of requests have it."""
    return b64encode(digest).decode()
