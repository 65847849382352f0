"""Azure Blob Storage, through adlfs.

A file is staged in blocks, each compared by the store with its MD5, and becomes visible when the list of blocks is
committed. Staged blocks that are never committed are removed by the store after a week.
"""

import asyncio
import hashlib
import mimetypes
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spatialcore.errors import InputError
from spatialcore.storage.backends.base import Backend, Info, split_bucket
from spatialcore.storage.backends.parts import part_length, send_parts
from spatialcore.storage.connections import Options
from spatialcore.storage.settings import MB, StorageSettings
from spatialcore.storage.types import AlteredError, Confirm, Sink, Stat, TruncatedError

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties
    from azure.storage.blob.aio import BlobClient
    from fsspec import AbstractFileSystem

T = TypeVar("T")

_MARK: Final = "spatialcore_write"  # a name of metadata has no hyphen
_MAX_BLOCKS: Final = 50_000
_MIN_BLOCK: Final = MB
_POLL_SECONDS: Final = 0.5


class AzureBackend(Backend):
    """Containers of Azure Blob Storage: ``az://container/path``."""

    pins_version = True
    extra = "azure"
    missing_package = "adlfs is needed for az:// URIs: pip install adlfs"
    sign_in = "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or AZURE_STORAGE_CONNECTION_STRING"
    variables = ("AZURE_",)
    secret_variables = (
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_CONNECTION_STRING",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_CLIENT_SECRET",
        "AZURE_CLIENT_SECRET",
    )
    setting_variables = (
        "AZURE_STORAGE_ACCOUNT_NAME",
        "AZURE_STORAGE_CLIENT_ID",
        "AZURE_STORAGE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_TENANT_ID",
    )
    loggers = ("adlfs", "azure.core.pipeline.policies.http_logging_policy", "azure.identity", "msal")
    client_errors = (("azure.core.exceptions", "AzureError"),)
    transient_errors = ("ServiceRequest", "ServiceResponse")

    def parse(self, uri: str) -> str:
        """Return ``container/path``. The account is set in the environment, not in the URI."""
        path = super().parse(uri)
        if "@" in path.partition("/")[0]:
            raise InputError(
                f"{self.scheme}://{path} names an account",
                hint="write az://container/path, and set AZURE_STORAGE_ACCOUNT_NAME to the account",
            )
        return path

    def file_system_class(self) -> type["AbstractFileSystem"]:
        """Return adlfs's file system."""
        from adlfs import AzureBlobFileSystem

        azure: type[AbstractFileSystem] = AzureBlobFileSystem
        return azure

    def default_options(self, settings: StorageSettings) -> Options:
        """Return time-outs."""
        return {"use_listings_cache": False, **_timeouts(settings)}

    def stat(self, path: str) -> Stat:
        """Return size, entity tag and MD5."""
        properties = self._run(path, lambda client: client.get_blob_properties(**_options()))
        return self.stat_of(_info(properties))

    def stat_of(self, info: Info) -> Stat:
        """Return size, entity tag and MD5; an object that was stored in blocks has no MD5."""
        etag = str(info["etag"]).strip('"')
        return Stat(token=etag, size=int(info["size"]), md5=bytes(info["md5"] or b"").hex(), etag=etag)

    def find(self, folder: str) -> dict[str, Info]:
        """Return the entries of all objects below a folder, without those that stand for folders."""
        from fsspec.asyn import sync

        system, (container, prefix) = self.file_system(folder), split_bucket(folder)

        async def list_blobs() -> dict[str, Info]:
            from azure.core.exceptions import ResourceNotFoundError

            client = system.service_client.get_container_client(container)
            blobs = client.list_blobs(name_starts_with=f"{prefix}/".lstrip("/"), include=["metadata"], **_options())
            try:
                return {f"{container}/{blob.name}": _info(blob) async for blob in blobs if not _is_folder(blob)}
            except ResourceNotFoundError:  # no such container
                return {}

        entries: dict[str, Info] = sync(system.loop, list_blobs)
        return entries

    def read(self, path: str) -> bytes:
        """Return the content of a small object."""

        async def read(client: "BlobClient") -> bytes:
            content: bytes = await (await client.download_blob(**_options())).readall()
            return content

        return self._run(path, read)

    def stream(self, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
        """Read the version in blocks; the store refuses any other."""
        block = StorageSettings.from_environment().block

        async def read(client: "BlobClient") -> None:
            from azure.core import MatchConditions

            version = {"etag": stat.etag, "match_condition": MatchConditions.IfNotModified}
            for offset in range(start, end or 0, block):
                length = min(block, (end or 0) - offset)
                body = await client.download_blob(offset=offset, length=length, **version, **_options())
                sink(await body.readall())

        self._run(path, read)

    def write(self, path: str, data: bytes, *, only_over: str | None, mark: str) -> Stat:
        """Store an object in one request with its MD5, under a condition on its entity tag."""

        async def upload(client: "BlobClient") -> Stat | None:
            from azure.core.exceptions import ResourceExistsError

            condition = _condition(only_over, mark)
            with suppress(ResourceExistsError):
                answer = await client.upload_blob(
                    data, overwrite=True, validate_content=True, **condition, **_options()
                )
                return _stored(answer, len(data))
            return None

        stored = self._run(path, upload)
        if stored is None:
            raise self.conflict(path, only_over or "")
        return stored

    def mark_of(self, path: str) -> str:
        """Return the mark from the object's metadata."""
        properties = self._run(path, lambda client: client.get_blob_properties(**_options()))
        return str((properties.metadata or {}).get(_MARK, ""))

    def upload(self, source: Path, path: str, size: int, confirm: Confirm, *, move: bool) -> tuple[Stat, str]:
        """Stage a file in blocks, each with its MD5, and commit their list."""
        if not size:
            return self.write(path, b"", only_over=None, mark=""), hashlib.sha256().hexdigest()
        prefix = uuid.uuid4().hex  # another upload of the same object has other blocks
        length = part_length(size, smallest=_MIN_BLOCK, most_parts=_MAX_BLOCKS)
        digest, blocks = send_parts(source, size, length, partial(self._stage, path, prefix))
        confirm()
        stored = self.attempt("put", path, lambda: self._commit(path, blocks, source.name, size))
        if stored is None:
            raise TruncatedError("the store has lost the staged blocks")
        return stored, digest

    def _stage(self, path: str, prefix: str, number: int, data: bytes) -> str:
        """Stage a block; return its id."""
        block = f"{prefix}-{number:06}"

        async def stage(client: "BlobClient") -> None:
            await client.stage_block(block, data, validate_content=True, **_options())

        self.attempt("put", path, lambda: self._run(path, stage), detail=f", block {number}")
        return block

    def _commit(self, path: str, blocks: list[str], name: str, size: int) -> Stat | None:
        """Make staged blocks an object. It is no error to do it twice, as after a lost answer.

        Returns
        -------
        Size and version; None if another upload of the same object was committed first, which removes the blocks.
        """
        content_type, _ = mimetypes.guess_type(name)

        async def commit(client: "BlobClient") -> Stat | None:
            from azure.core.exceptions import HttpResponseError
            from azure.storage.blob import BlobBlock, ContentSettings

            settings = ContentSettings(content_type=content_type) if content_type else None
            listed = [BlobBlock(block) for block in blocks]
            try:
                answer = await client.commit_block_list(listed, content_settings=settings, **_options())
            except HttpResponseError as error:
                if error.error_code != "InvalidBlockList":
                    raise
                return None
            return _stored(answer, size)

        return self._run(path, commit)

    def copy_object(self, source: str, target: str) -> None:
        """Have the store copy an object, and wait until it is done."""
        system = self.file_system(source)
        url = system.service_client.get_blob_client(*split_bucket(source)).url

        async def copy(client: "BlobClient") -> str:
            await client.start_copy_from_url(url, **_options())
            while (status := (await client.get_blob_properties(**_options())).copy.status) == "pending":
                await asyncio.sleep(_POLL_SECONDS)
            return str(status)

        status = self._run(target, copy)
        if status != "success":
            raise TruncatedError(f"the copy inside the store has ended with status {status}")

    def delete(self, path: str) -> None:
        """Remove an object; it is no error if there is none."""

        async def delete(client: "BlobClient") -> None:
            from azure.core.exceptions import ResourceNotFoundError

            with suppress(ResourceNotFoundError):
                await client.delete_blob(**_options())

        self._run(path, delete)

    def _run(self, path: str, request: "Callable[[BlobClient], Awaitable[T]]") -> T:
        """Run a request about an object in the event loop of the file system."""
        from fsspec.asyn import sync

        system, (container, key) = self.file_system(path), split_bucket(path)

        async def run() -> T:
            from azure.core.exceptions import HttpResponseError

            async with system.service_client.get_blob_client(container, key) as client:
                try:
                    return await request(client)
                except HttpResponseError as error:
                    if "md5" not in str(error).lower():
                        raise
            raise AlteredError("the bytes that arrived at the store have another MD5")

        answer: T = sync(system.loop, run)
        return answer


def _options() -> dict[str, Any]:
    """Return time-outs, and switch off the SDK's own retries."""
    return {"retry_total": 0, **_timeouts(StorageSettings.from_environment())}


def _condition(only_over: str | None, mark: str) -> dict[str, Any]:
    """Return what makes a write conditional: see `Backend.write`."""
    from azure.core import MatchConditions

    if only_over is None:
        return {}
    metadata = {"metadata": {_MARK: mark}}
    if not only_over:
        return {"match_condition": MatchConditions.IfMissing, **metadata}
    return {"match_condition": MatchConditions.IfNotModified, "etag": only_over, **metadata}


def _timeouts(settings: StorageSettings) -> Options:
    return {"connection_timeout": settings.connect_timeout, "read_timeout": settings.read_timeout}


def _info(properties: "BlobProperties") -> Info:
    md5 = properties.content_settings.content_md5
    return {"size": properties.size, "etag": properties.etag, "md5": md5}


def _is_folder(properties: "BlobProperties") -> bool:
    return (properties.metadata or {}).get("hdi_isfolder") == "true"


def _stored(answer: dict[str, Any], size: int) -> Stat:
    etag = str(answer["etag"]).strip('"')
    return Stat(token=etag, size=size, etag=etag)
