"""The ASGI application of the results server: the login, the files that are served, and their headers."""

import base64
import hmac
import mimetypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from deployments.results.byte_ranges import NOT_SATISFIABLE, requested_range
from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, SpatialCoreError
from spatialcore.storage.object_reader import ObjectReader

log = get_logger(__name__)
SHOWN: Final = ("runs", "models")
HEALTH: Final = "/health"
# A report is a page with scripts and may contain untrusted data. It can load and send nothing, and has an opaque
# origin, so that it cannot read other results with the login of its reader.
POLICY: Final = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-popups allow-downloads"
)
SAFE: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


def results_app(store: str, login: str, hosts: Sequence[str]) -> Starlette:
    """Return the application.

    Parameters
    ----------
    store
        Folder or URI of the store.
    login
        ``user:password``; empty: no login.
    hosts
        Allowed values of the ``Host`` header.

    Returns
    -------
    Starlette
        Responds to GET and HEAD.
    """

    def respond(request: Request) -> Response:
        return _respond(store, request)

    return Starlette(
        routes=[
            Route(HEALTH, lambda _: Response("ok", media_type="text/plain")),
            Route("/{path:path}", respond, methods=["GET", "HEAD"]),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
            Middleware(_Login, login=login),
        ],
    )


class _Login:
    """Middleware that requires the login for every path except the health check."""

    def __init__(self, app: ASGIApp, login: str) -> None:
        self._app = app
        self._expected = f"Basic {base64.b64encode(login.encode()).decode()}".encode() if login else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != HEALTH and not self._allows(dict(scope["headers"])):
            unauthorized = Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="spatialcore"', **SAFE})
            await unauthorized(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _allows(self, headers: dict[bytes, bytes]) -> bool:
        return not self._expected or hmac.compare_digest(self._expected, headers.get(b"authorization", b""))


def _respond(store: str, request: Request) -> Response:
    uri = uri_of(store, request.scope["path"])
    try:
        if uri is None:
            raise FileMissingError("not below runs/ or models/")
        return _content(_open(store, uri), request)
    except FileMissingError:
        return Response(status_code=404, headers=SAFE)
    except SpatialCoreError as error:
        log.warning("%s: %s", uri, error)
        return Response(status_code=502, headers=SAFE)


def uri_of(store: str, path: str) -> str | None:
    """Return the URI of the file that a decoded request path names, or None if the path is not served.

    Examples
    --------
    >>> uri_of("s3://lab/store", "/runs/lung-1/report.html")
    's3://lab/store/runs/lung-1/report.html'
    >>> uri_of("s3://lab/store", "/runs/../samples/a.h5ad") is None
    True
    """
    names = path.strip("/").split("/")
    hidden = any(name in ("", "..") or name.startswith(".") or "\\" in name or not name.isprintable() for name in names)
    return None if hidden or names[0] not in SHOWN else storage.join(store, *names)


def _open(store: str, uri: str) -> ObjectReader:
    root, file = storage.local_path(store), storage.local_path(uri)
    if root is not None and file is not None:
        _refuse_links(root, file)
    return ObjectReader.open(uri)


def _refuse_links(store: Path, file: Path) -> None:
    """Raise if the path from the store to a file contains a symbolic link, which may point anywhere, or is no file."""
    try:
        is_linked = file.resolve() != store.resolve() / file.relative_to(store)
        is_file = file.is_file()
    except (OSError, RuntimeError) as error:  # a name that is too long, or links in a circle
        raise FileMissingError(f"{file.name:.40} is not a file of the store") from error
    if is_linked or not is_file:
        raise FileMissingError(f"{file} is not a regular file, or its path contains a symbolic link")


def _content(reader: ObjectReader, request: Request) -> Response:
    tag = f'"{reader.stat.token}"'
    name = reader.location.name
    headers = {**SAFE, "ETag": tag, "Accept-Ranges": "bytes"}
    if _matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    range_header = request.headers.get("range", "")
    if request.headers.get("if-range", tag) != tag:
        range_header = ""  # the client has a part of another version: send the whole file
    span = requested_range(range_header, reader.size)
    if span is NOT_SATISFIABLE:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{reader.size}"})
    start, end = span or (0, reader.size)
    headers["Content-Length"] = str(end - start)
    headers |= {"Content-Range": f"bytes {start}-{end - 1}/{reader.size}"} if span else {}
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    body: Iterator[bytes] = iter(()) if request.method == "HEAD" else reader.blocks(start, end)
    return StreamingResponse(body, status_code=206 if span else 200, headers=headers, media_type=kind)


def _matches(header: str, tag: str) -> bool:
    return header.strip() == "*" or tag in {value.strip().removeprefix("W/") for value in header.split(",")}
