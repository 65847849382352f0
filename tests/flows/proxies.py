"""Servers that stand between a run and its stores: one counts, one gets tired."""

import http.client
import http.server
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.contract.servers import web_server

HOP = {"content-length", "transfer-encoding", "connection", "date", "server"}


@contextmanager
def counting_web_server(folder: Path) -> Iterator[tuple[str, Counter[str]]]:
    """Serve a folder and count the bytes sent of each file."""
    served: Counter[str] = Counter()
    with web_server(folder) as inner, proxy(inner, lambda _: False, served) as url:
        yield url, served


@contextmanager
def weary(upstream: str, *, after: int, seconds: float) -> Iterator[tuple[str, list[float]]]:
    """Stand before a store and answer 503 SlowDown for some seconds, from the given request on."""
    asked: list[float] = []
    refused: list[float] = []

    def refuses(_: str) -> bool:
        asked.append(time.monotonic())
        tired = len(asked) > after and asked[-1] - asked[after] < seconds
        if tired:
            refused.append(asked[-1])
        return tired

    with proxy(upstream, refuses, Counter()) as url:
        yield url, refused


@contextmanager
def proxy(upstream: str, refuses: Callable[[str], bool], served: Counter[str]) -> Iterator[str]:
    """Hand requests on to another server, except those that are refused."""
    target = urlsplit(upstream)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if refuses(self.path):
                return self.answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
            connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers))
            response = connection.getresponse()
            content = response.read()
            if self.command == "GET":
                served[self.path.rpartition("/")[2]] += len(content)
            headers = {k: v for k, v in response.getheaders() if k.lower() not in HOP}
            length = response.getheader("Content-Length")
            self.answer(response.status, headers, content, length if self.command == "HEAD" else None)
            connection.close()

        def answer(self, status: int, headers: dict[str, str], content: bytes, length: str | None = None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    for method in ("GET", "PUT", "POST", "HEAD", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.handle_one)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
