"""Google Cloud Storage, through gcsfs.

A resumable upload takes no checksum at its end, and a copy inside the store moves no data: so files are uploaded under
a temporary name and compared first.
"""

import hashlib
import json
import os
import uuid
from base64 import b64decode, b64encode
from functools import partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spatialcore.storage.backends.base import Info, split_bucket
from spatialcore.storage.backends.http import http_timeout
from spatialcore.storage.backends.staged_upload import StagedUploadBackend
from spatialcore.storage.connections import Options
from spatialcore.storage.network import require_host
from spatialcore.storage.settings import StorageSettings
from spatialcore.storage.types import Stat

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.callbacks import Callback

_MARK: Final = "spatialcore-write"


class GCSBackend(StagedUploadBackend):
    """Buckets of Google Cloud Storage."""

    extra = "gcs"
    missing_package = "google-cloud-storage is needed for gs:// URIs: pip install google-cloud-storage gcsfs"
    sign_in = "set GOOGLE_APPLICATION_CREDENTIALS to a service account file that may read and write this bucket"
    variables = ("GOOGLE_", "STORAGE_EMULATOR_HOST", "GCSFS_")
    secret_files = ("GOOGLE_APPLICATION_CREDENTIALS",)
    client_errors = (
        ("gcsfs.retry", "HttpError"),
        ("gcsfs.retry", "ChecksumError"),
        ("google.auth.exceptions", "GoogleAuthError"),
    )

    def file_system_class(self) -> type["AbstractFileSystem"]:
        """Return gcsfs's plain file system.

        gcsfs replaces it by another one for zonal buckets, which asks a metadata server first, for up to a minute.
        """
        os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        from gcsfs import core

        class WithoutRetries(core.GCSFileSystem):  # type: ignore[misc]  # gcsfs has no types
            """Makes each request once: gcsfs itself repeats it six times and logs nothing."""

            _request = core.GCSFileSystem._request.__wrapped__
            _get_file_request = core.GCSFileSystem._get_file_request.__wrapped__

        plain: type[AbstractFileSystem] = WithoutRetries
        return plain

    def create(self, options: Options) -> "AbstractFileSystem":
        """Create a file system; without an emulator, the host of the service must have an address."""
        self.file_system_class()  # reports a missing client library before anything else
        if not os.environ.get("STORAGE_EMULATOR_HOST") and "endpoint_url" not in options:
            require_host("https://storage.googleapis.com")
        _limit_token_requests(StorageSettings.from_environment().read_timeout)
        return super().create(options)

    def default_options(self, settings: StorageSettings) -> Options:
        """Return time-outs, and no credentials for an emulator."""
        anonymous: Options = {"token": "anon"} if os.environ.get("STORAGE_EMULATOR_HOST") else {}
        return {"use_listings_cache": False, "requests_timeout": http_timeout(settings), **anonymous}

    def stat_of(self, info: Info) -> Stat:
        """Return size, generation and MD5."""
        md5 = b64decode(info.get("md5Hash") or b"").hex()
        return Stat(token=str(info["generation"]), size=int(info["size"]), md5=md5)

    def write(self, path: str, data: bytes, *, only_over: str | None, mark: str) -> Stat:
        """Store an object in one request with its MD5, under a condition on its generation."""
        system, (bucket, key) = self.file_system(path), split_bucket(path)
        condition = {} if only_over is None else {"ifGenerationMatch": only_over or "0"}
        md5 = b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        fields = {"name": key, "md5Hash": md5} | ({} if only_over is None else {"metadata": {_MARK: mark}})
        boundary = uuid.uuid4().hex
        answer = system.call(
            "POST",
            f"{system._location}/upload/storage/v1/b/{bucket}/o",
            uploadType="multipart",
            headers={"Content-Type": f'multipart/related; boundary="{boundary}"'},
            data=_two_parts(json.dumps(fields), data, boundary),
            json_out=True,
            **condition,
        )
        return Stat(token=str(answer["generation"]), size=len(data))

    def mark_of(self, path: str) -> str:
        """Return the mark from the object's metadata."""
        return str(self.file_system(path).info(path).get("metadata", {}).get(_MARK, ""))

    def put_file(self, source: Path, path: str, callback: "Callback") -> None:
        """Send a file in a resumable upload."""
        block = StorageSettings.from_environment().block
        self.file_system(path).put_file(str(source), path, callback=callback, chunksize=block)


def _limit_token_requests(timeout: float) -> None:
    """Give requests for tokens the timeout of all others: gcsfs leaves google-auth's, which is two minutes."""
    from gcsfs import credentials
    from google.auth.transport.requests import Request

    class LimitedRequest(Request):  # type: ignore[misc]
        __call__ = partialmethod(Request.__call__, timeout=timeout)

    credentials.Request = LimitedRequest


def _two_parts(fields: str, data: bytes, boundary: str) -> bytes:
    """Return the body of an upload: the object's fields, then its content."""
    head = f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{fields}"
    head += f"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n"
    return head.encode() + data + f"\r\n--{boundary}--".encode()
