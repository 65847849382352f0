"""What runs left, for browsers: ``python -m deployments.results_server --port 4201``.

The Prefect UI links to reports. A browser opens neither a file of the worker nor an object of a private bucket; this
hands out what lies below ``runs/`` and ``models/`` of the store, to whoever has the login of the Prefect server.
"""

import argparse
import base64
import hmac
import mimetypes
import os
import shutil
import sys
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from deployments.environment import Installation
from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, SpatialCoreError

log = get_logger(__name__)
SHOWN: Final = ("runs", "models")


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m deployments.results_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4201)
    options = parser.parse_args()
    login = os.environ.get("PREFECT_SERVER_API_AUTH_STRING", "")
    try:
        server = file_server(options.host, options.port, Installation.of().store, login)
    except SpatialCoreError as error:
        sys.exit(str(error))
    except (OSError, OverflowError) as error:
        sys.exit(f"port {options.port}: {error}")
    server.serve_forever()


def file_server(host: str, port: int, store: str, login: str = "") -> ThreadingHTTPServer:
    """Return a server of a store's results; ``login`` is ``user:password``, nothing given: whoever reaches it."""
    return ThreadingHTTPServer((host, port), partial(_Results, store, login))


class _Results(BaseHTTPRequestHandler):
    """Answers one browser: the store's file where it may be shown, else the reason why not."""

    protocol_version = "HTTP/1.1"

    def __init__(self, store: str, login: str, *connection: Any) -> None:
        self._store, self._login = store, login
        super().__init__(*connection)  # answers, and returns when the browser has gone

    def do_GET(self) -> None:
        if self._login and not _is(self._login, self.headers.get("Authorization", "")):
            self._refuse(HTTPStatus.UNAUTHORIZED, ("WWW-Authenticate", 'Basic realm="spatialcore"'))
            return
        uri = place_of(self._store, self.path)
        try:
            self._hand_out(uri)
        except FileMissingError:
            self._refuse(HTTPStatus.NOT_FOUND)
        except SpatialCoreError as error:
            log.warning("%s: %s", uri, error)
            self._refuse(HTTPStatus.BAD_GATEWAY)

    def _hand_out(self, uri: str | None) -> None:
        if uri is None:
            raise FileMissingError("outside of what is shown")
        with TemporaryDirectory(prefix="spatialcore-") as work, _here(uri, Path(work)).open("rb") as content:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", mimetypes.guess_type(uri)[0] or "application/octet-stream")
            self.send_header("Content-Length", str(os.fstat(content.fileno()).st_size))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            shutil.copyfileobj(content, self.wfile)

    def _refuse(self, status: HTTPStatus, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, template: str, *parts: object) -> None:
        log.debug(template, *parts)


def place_of(store: str, path: str) -> str | None:
    """Return the URI that a request's path means, or None where that is nothing to be shown."""
    parts = unquote(urlsplit(path).path).strip("/").split("/")
    if parts[0] not in SHOWN or any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        return None
    return storage.join(store, *parts)


def _here(uri: str, work: Path) -> Path:
    """Return a path on this machine with the file's content."""
    if path := storage.local_path(uri):
        if not path.is_file():
            raise FileMissingError(f"no file at {path}")
        return path
    storage.get(uri, work / "file")
    return work / "file"


def _is(login: str, authorization: str) -> bool:
    wanted = f"Basic {base64.b64encode(login.encode()).decode()}"
    return hmac.compare_digest(wanted.encode(), authorization.encode())


if __name__ == "__main__":
    main()
