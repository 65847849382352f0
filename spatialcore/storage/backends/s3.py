"""S3 and stores with the same protocol, through s3fs.

An upload in parts is visible only when the store is told to complete it, which happens only after every part has been
compared with the file. So no temporary name and no copy inside the store are needed.
"""

import hashlib
import mimetypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, StorageError
from spatialcore.storage.backends.base import Backend, Info, split_bucket
from spatialcore.storage.backends.parts import part_length, send_parts
from spatialcore.storage.backends.s3_upload import PartUpload, as_base64, etags_are_md5s
from spatialcore.storage.connections import Options
from spatialcore.storage.settings import MB, StorageSettings
from spatialcore.storage.types import AlteredError, Confirm, Sink, Stat, TruncatedError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

log = get_logger(__name__)

_CREDENTIALS: Final = ("anon", "key", "username", "token", "profile", "session", "client_kwargs")
_MARK: Final = "spatialcore-write"
_MAX_PARTS: Final = 9_000  # S3 accepts 10,000
_MIN_PART: Final = 5 * MB  # except for the last one
_MAX_COPY: Final = 5_000 * MB  # in one request


def has_credentials(options: Options) -> bool:
    """Return whether options, the configuration of fsspec or the default chain of AWS's SDK give credentials.

    Options that ask for unsigned requests (``anon``) count as well.
    """
    from botocore.session import Session
    from fsspec.config import conf

    given = {**conf.get("s3", {}), **options}
    return any(name in given for name in _CREDENTIALS) or Session().get_credentials() is not None


class S3Backend(Backend):
    """Buckets of S3."""

    pins_version = True
    copies_version = True
    extra = "s3"
    missing_package = "boto3 is needed for s3:// URIs: pip install boto3 s3fs"
    sign_in = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or check what this key may read and write"
    variables = ("AWS_",)
    secret_variables = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    setting_variables = ("AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")
    client_errors = (("botocore.exceptions", "BotoCoreError"), ("botocore.exceptions", "ClientError"))

    def file_system_class(self) -> type["AbstractFileSystem"]:
        """Return s3fs's file system."""
        from s3fs import S3FileSystem

        s3: type[AbstractFileSystem] = S3FileSystem
        return s3

    def default_options(self, settings: StorageSettings) -> Options:
        """Return time-outs and the size of the connection pool; the SDK's own retries are switched off."""
        config = {
            "connect_timeout": settings.connect_timeout,
            "read_timeout": settings.read_timeout,
            "retries": {"total_max_attempts": 1},
            "max_pool_connections": max(10, 2 * settings.streams),
            # Every request has its own MD5; other stores than Amazon's reject the SDK's checksums.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
        return {"config_kwargs": config, "use_listings_cache": False, "max_concurrency": settings.streams}

    def create(self, options: Options) -> "AbstractFileSystem":
        """Create a file system without retries of its own; without credentials, requests are not signed."""
        self.file_system_class()  # reports a missing client library before anything else
        if not has_credentials(options):
            log.info("no credentials for s3:// found: requests are not signed, which public buckets accept")
            options = {**options, "anon": True}
        system = super().create(options)
        system.retries = 1
        return system

    def tiledb_config(self) -> dict[str, str]:
        """Return region and endpoint; TileDB reads the keys from the environment itself."""
        region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"
        config = {"vfs.s3.no_sign_request": "false", "vfs.s3.region": region}
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        if endpoint:
            scheme, _, host = endpoint.partition("://")
            config |= {
                "vfs.s3.endpoint_override": host.rstrip("/"),
                "vfs.s3.scheme": scheme,
                "vfs.s3.use_virtual_addressing": "false",
            }
        return config

    def stat_of(self, info: Info) -> Stat:
        """Return size and entity tag, which is an MD5 unless the object was sent in parts or is encrypted."""
        etag = str(info.get("ETag", "")).strip('"')
        encrypted = str(info.get("ServerSideEncryption", "AES256")) not in {"AES256", ""}
        return Stat(token=etag, size=int(info["size"]), md5="" if "-" in etag or encrypted else etag, etag=etag)

    def read(self, path: str) -> bytes:
        """Return the content in one request; s3fs would ask for the size first."""
        content: bytes = self.file_system(path).cat_file(path, max_concurrency=1)
        return content

    def stream(self, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
        """Read one body of the version; the store refuses any other."""
        from fsspec.asyn import sync

        system, (bucket, key) = self.file_system(path), split_bucket(path)
        request = {"Bucket": bucket, "Key": key, "IfMatch": f'"{stat.etag}"'}
        if end is not None and (start, end) != (0, stat.size):
            request["Range"] = f"bytes={start}-{end - 1}"

        async def read() -> None:
            body = (await system._call_s3("get_object", **request))["Body"]
            try:
                while block := await body.read(MB):
                    sink(block)
            finally:
                body.close()

        sync(system.loop, read)

    def write(self, path: str, data: bytes, *, only_over: str | None, mark: str) -> Stat:
        """Store an object in one request with its MD5, under a condition on its entity tag."""
        bucket, key = split_bucket(path)
        condition: dict[str, Any] = {}
        if only_over is not None:
            condition = {"IfMatch": f'"{only_over}"'} if only_over else {"IfNoneMatch": "*"}
            condition["Metadata"] = {_MARK: mark}
        md5 = hashlib.md5(data, usedforsecurity=False)
        system = self.file_system(path)
        answer = system.call_s3(
            "put_object", Bucket=bucket, Key=key, Body=data, ContentMD5=as_base64(md5.digest()), **condition
        )
        etag = str(answer["ETag"]).strip('"')
        if not condition and etags_are_md5s(answer) and etag != md5.hexdigest():
            raise AlteredError(f"the object has checksum {etag}, expected {md5.hexdigest()}")  # the retry replaces it
        return Stat(token=etag, size=len(data), etag=etag)

    def mark_of(self, path: str) -> str:
        """Return the mark from the object's metadata."""
        bucket, key = split_bucket(path)
        answer = self.file_system(path).call_s3("head_object", Bucket=bucket, Key=key)
        return str(answer.get("Metadata", {}).get(_MARK, ""))

    def upload(self, source: Path, path: str, size: int, confirm: Confirm, *, move: bool) -> tuple[Stat, str]:
        """Send a file in parts, each with its MD5 and compared with the entity tag that the store answers."""
        if not size:
            return self.write(path, b"", only_over=None, mark=""), hashlib.sha256().hexdigest()
        upload = self._begin(path, source.name)
        try:
            length = part_length(size, smallest=_MIN_PART, most_parts=_MAX_PARTS)
            digest, parts = send_parts(source, size, length, upload.send)
            confirm()
            etag = self._complete(upload, parts)
        except BaseException:
            upload.abort()
            raise
        return Stat(token=etag, size=size, etag=etag), digest

    def copy(self, source: str, target: str, stat: Stat, confirm: Confirm) -> Stat:
        """Have the store copy the version in one request, if the object still has it.

        Amazon refuses any other version. As other stores may ignore the condition, entity tags are compared afterwards,
        and the version of the original where the tags do not show that the content is the same.
        """
        if (stat.size or 0) > _MAX_COPY:
            return super().copy(source, target, stat, confirm)
        (bucket, key), (from_bucket, from_key) = split_bucket(target), split_bucket(source)
        answer = self.file_system(source).call_s3(
            "copy_object",
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": from_bucket, "Key": from_key},
            CopySourceIfMatch=f'"{stat.etag}"',
        )
        etag = str(answer["CopyObjectResult"]["ETag"]).strip('"')
        if not _same_content(etag, stat.etag):
            try:
                confirm()
            except StorageError:
                self.delete(target)
                raise
        return Stat(token=etag, size=stat.size, etag=etag)

    def _begin(self, path: str, name: str) -> PartUpload:
        system, (bucket, key) = self.file_system(path), split_bucket(path)
        names = {"Bucket": bucket, "Key": key}
        content_type, _ = mimetypes.guess_type(name)
        options = {"ContentType": content_type} if content_type else {}
        answer = self.attempt("put", path, lambda: system.call_s3("create_multipart_upload", **names, **options))
        what, upload = f"put {self.canonical(path)}", {**names, "UploadId": answer["UploadId"]}
        return PartUpload(system, path, upload, what, self.sign_in, etags_are_md5s(answer))

    def _complete(self, upload: PartUpload, parts: list[tuple[str, bytes]]) -> str:
        """Make the parts one object; return its entity tag.

        If the answer is lost, the store does not know the upload when the request is repeated: then the object's
        entity tag is compared.
        """
        joined = hashlib.md5(b"".join(md5 for _, md5 in parts), usedforsecurity=False).hexdigest()
        expected = f"{joined}-{len(parts)}"
        try:
            return upload.complete([etag for etag, _ in parts])
        except FileMissingError:
            if self._etag_of(upload.path) != expected:
                raise TruncatedError("the store has lost the parts of the upload") from None
            return expected

    def _etag_of(self, path: str) -> str:
        try:
            return self.attempt("stat", path, lambda: self.stat(path)).etag
        except FileMissingError:
            return ""


def _same_content(copied: str, original: str) -> bool:
    """Tell from entity tags whether an object that was copied in one request has the content of the original.

    The tag of such a copy is the MD5 of its content; that of an original that was sent as one part, as `upload` sends
    small files, is the MD5 of this MD5. Tags of several parts, or of encrypted objects, show nothing.
    """
    try:
        one_part = hashlib.md5(bytes.fromhex(copied), usedforsecurity=False).hexdigest()
    except ValueError:
        return False
    return original in (copied, f"{one_part}-1")
