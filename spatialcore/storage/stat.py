"""Size and version token of one object, whatever the store."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from spatialcore.errors import FileMissingError
from spatialcore.storage.connections import connect
from spatialcore.storage.faults import attempt
from spatialcore.storage.uri import Location, canonical, parse_uri


@dataclass(frozen=True)
class Stat:
    """What a store says of an object.

    Parameters
    ----------
    token
        Version token, see `StoredFile`.
    size
        Bytes; None where an HTTP server does not say.
    md5
        Hex MD5 where the store's own checksum is one, else empty.
    etag
        The store's entity tag without quotes, else empty.
    """

    token: str
    size: int | None
    md5: str = ""
    etag: str = ""


def stat(uri: str | Path | Location) -> Stat:
    """Ask the store for size and version token.

    Raises
    ------
    FileMissingError
        If there is no such object.
    """
    location = uri if isinstance(uri, Location) else parse_uri(uri)
    if location.is_local:
        return stat_local(Path(location.path))
    return attempt(lambda: _ask(location), what=f"look at {canonical(location.uri)}")


def stat_local(path: Path) -> Stat:
    """Return size and token of a local file."""
    if not path.is_file():
        raise FileMissingError(f"no file at {path}", hint="check the spelling of the path")
    seen = path.stat()
    return Stat(token=f"{seen.st_size}-{seen.st_mtime_ns}", size=seen.st_size)


def _ask(location: Location) -> Stat:
    system, location = connect(location)
    info = system.info(location.path)
    if info.get("type") != "file":
        raise FileNotFoundError(f"{location.uri} is a folder")
    return stat_of(location.scheme, info)


def stat_of(scheme: str, info: dict[str, Any]) -> Stat:
    """Return what a file system's entry says of an object."""
    return _READ[scheme](info)


def _of_s3(info: dict[str, Any]) -> Stat:
    etag = str(info.get("ETag", "")).strip('"')
    encrypted = str(info.get("ServerSideEncryption", "AES256")) not in {"AES256", ""}
    return Stat(token=etag, size=int(info["size"]), md5="" if "-" in etag or encrypted else etag, etag=etag)


def _of_gs(info: dict[str, Any]) -> Stat:
    from base64 import b64decode

    md5 = b64decode(info.get("md5Hash") or b"").hex()
    return Stat(token=str(info["generation"]), size=int(info["size"]), md5=md5)


def _of_http(info: dict[str, Any]) -> Stat:
    size = info.get("size")
    etag = str(info.get("ETag", "")).strip('"')
    token = etag or str(info.get("Last-Modified", ""))
    return Stat(token=f"{token}-{size}" if token else f"size-{size}", size=size, etag=etag)


def _of_memory(info: dict[str, Any]) -> Stat:
    created: datetime | float = info["created"]  # an entry says it in one way, a listing in the other
    seconds = created.timestamp() if isinstance(created, datetime) else created
    return Stat(token=f"{info['size']}-{seconds:.6f}", size=int(info["size"]))


_READ = {"s3": _of_s3, "gs": _of_gs, "http": _of_http, "https": _of_http, "memory": _of_memory}
