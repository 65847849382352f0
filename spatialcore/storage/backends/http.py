"""Web servers: files to read, in one stream."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from spatialcore.errors import InputError
from spatialcore.storage.backends.base import Backend, Info
from spatialcore.storage.connections import Options
from spatialcore.storage.secrets import remember_secret
from spatialcore.storage.settings import MB, StorageSettings
from spatialcore.storage.types import Confirm, Sink, Stat

if TYPE_CHECKING:
    from aiohttp import ClientTimeout
    from fsspec import AbstractFileSystem

_SIGNATURE: Final = re.compile(
    r"^(x-amz-.*|x-goog-.*|signature|sig|awsaccesskeyid|googleaccessid|expires|token|access_token|auth.*|"
    r"api[_-]?key|key|password|secret|policy|se|sp|sv|sr|st|skoid|sktid)$",
    re.IGNORECASE,
)
_SECRET: Final = re.compile(
    r"^(.*signature|sig|x-amz-security-token|x-amz-credential|(access_|auth_?)?token|api[_-]?key|password|secret)$",
    re.IGNORECASE,
)


class HTTPBackend(Backend):
    """Files of a web server. A path is the whole URL."""

    writable = False
    reads_ranges = False  # the server may ignore a range
    sign_in = "the server requires a sign-in: check the address or use a signed URL"

    def parse(self, uri: str) -> str:
        """Return the URL; its passwords and signatures are masked from now on, as a server may repeat them."""
        parts = urlsplit(uri)
        remember_secret(parts.password, *(value for name, value in parse_qsl(parts.query) if _SECRET.match(name)))
        return uri

    def uri(self, path: str) -> str:
        """Return the URL."""
        return path

    def canonical(self, path: str) -> str:
        """Return the URL without password and signature."""
        parts = urlsplit(path)
        host = (parts.hostname or "").lower() + (f":{parts.port}" if parts.port else "")
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        query = urlencode([pair for pair in pairs if not _SIGNATURE.match(pair[0])])
        return urlunsplit((parts.scheme.lower(), host, quote(parts.path, safe="/%:@+,;=~!$&'()*"), query, ""))

    def name(self, path: str) -> str:
        """Return the last part of the URL's path."""
        return super().name(urlsplit(path).path)

    def bucket(self, path: str) -> str:
        """Return an empty text."""
        return ""

    def file_system_class(self) -> type["AbstractFileSystem"]:
        """Return fsspec's HTTP client."""
        from fsspec.implementations.http import HTTPFileSystem

        http: type[AbstractFileSystem] = HTTPFileSystem
        return http

    def default_options(self, settings: StorageSettings) -> Options:
        """Return time-outs; proxies come from the environment."""
        return {"client_kwargs": {"timeout": http_timeout(settings), "trust_env": True}}

    def stat_of(self, info: Info) -> Stat:
        """Return size, and entity tag or date."""
        size = info.get("size")
        etag = str(info.get("ETag", "")).strip('"')
        token = etag or str(info.get("Last-Modified", ""))
        return Stat(token=f"{token}-{size}" if token else f"size-{size}", size=size, etag=etag)

    def stream(self, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
        """Read one body. A server that ignores the range sends the first bytes again, which are skipped."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with self.file_system(path).open(path, "rb", block_size=0, headers=headers) as body:
            skip = start if start and body.r.status != 206 else 0
            while block := body.read(MB):
                dropped = min(skip, len(block))
                skip -= dropped
                if block[dropped:]:
                    sink(block[dropped:])

    def write(self, path: str, data: bytes, *, only_over: str | None, mark: str) -> NoReturn:
        """Raise: a web server is read-only."""
        raise _read_only(self.scheme)

    def upload(self, source: Path, path: str, size: int, confirm: Confirm, *, move: bool) -> NoReturn:
        """Raise: a web server is read-only."""
        raise _read_only(self.scheme)


def http_timeout(settings: StorageSettings) -> "ClientTimeout":
    """Return the time-outs of an HTTP client."""
    import aiohttp

    return aiohttp.ClientTimeout(
        total=None,
        connect=settings.connect_timeout,
        sock_connect=settings.connect_timeout,
        sock_read=settings.read_timeout,
    )


def _read_only(scheme: str) -> InputError:
    return InputError(f"cannot write to {scheme}://: it is read-only", hint="give a path, or a URI such as s3://")
