"""A proxy in front of a store that does to chosen requests what networks and clouds do."""

import http.client
import http.server
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "server", "date"}


@dataclass
class Answer:
    """What the store answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Fault:
    """Something that happens to the first ``times`` requests that fit.

    Parameters
    ----------
    act
        Sends an answer of its own to the client, in place of the store's.
    method, path
        Which requests; the path is a regular expression.
    """

    act: Callable[["Handler", Answer], None]
    method: str = "GET"
    path: str = ""
    times: int = 1
    seen: int = field(default=0)

    def strikes(self, method: str, path: str) -> bool:
        if self.seen >= self.times or method != self.method or not re.search(self.path, path):
            return False
        self.seen += 1
        return True


class Handler(http.server.BaseHTTPRequestHandler):
    """One request: forwarded, or struck."""

    protocol_version = "HTTP/1.1"
    server: "Proxy"

    def log_message(self, *_: object) -> None:
        return

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        with self.server.lock:
            fault = next((item for item in self.server.faults if item.strikes(self.command, self.path)), None)
        answer = self.forward(body) if fault is None or fault.method in {"GET", "HEAD"} else Answer(200, [], b"")
        if fault is None:
            self.send(answer)
        else:
            fault.act(self, answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one  # noqa: N815

    def forward(self, body: bytes) -> Answer:
        upstream = urlsplit(self.server.upstream)
        connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"connection", "host"}}
        connection.request(self.command, self.path, body or None, headers | {"Host": self.headers["Host"]})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return Answer(answer.status, answer.getheaders(), content)

    def send(self, answer: Answer, *, declared: int | None = None, sent: bytes | None = None) -> None:
        """Answer, perhaps with another length than is sent."""
        self.send_response(answer.status)
        length = next((value for name, value in answer.headers if name.lower() == "content-length"), None)
        for name, value in answer.headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        size = (
            declared if declared is not None else int(length) if self.command == "HEAD" and length else len(answer.body)
        )
        self.send_header("Content-Length", str(size))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body if sent is None else sent)
            self.wfile.flush()

    def hang_up(self) -> None:
        """End the connection with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


class Proxy(http.server.ThreadingHTTPServer):
    """The proxy, the faults to come, and the requests that it saw."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        return  # clients that hang up are what this is for


@contextmanager
def proxy_to(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in front of a store."""
    proxy = Proxy(upstream)
    threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()


def status(code: int, error: str = "", message: str = "") -> Callable[[Handler, Answer], None]:
    """Answer with an error of the store."""
    body = f"<Error><Code>{error}</Code><Message>{message or error}</Message></Error>".encode()

    def act(handler: Handler, _: Answer) -> None:
        handler.send(Answer(code, [("Content-Type", "application/xml")], body if error else b""))

    return act


def reset(handler: Handler, answer: Answer) -> None:
    """Send half of the body, then reset the connection."""
    handler.send(answer, declared=len(answer.body), sent=answer.body[: len(answer.body) // 2])
    handler.hang_up()


def cut(handler: Handler, answer: Answer) -> None:
    """Send half of the body with the right status and length, then close."""
    handler.send(answer, declared=len(answer.body), sent=answer.body[: len(answer.body) // 2])
    handler.close_connection = True


def shorten(handler: Handler, answer: Answer) -> None:
    """Send half of the body as if it were all of it."""
    half = answer.body[: len(answer.body) // 2]
    handler.send(answer, declared=len(half), sent=half)


def stall(handler: Handler, answer: Answer) -> None:
    """Send half of the body, then nothing for longer than anybody waits."""
    handler.send(answer, declared=len(answer.body), sent=answer.body[: len(answer.body) // 2])
    time.sleep(3)
    handler.close_connection = True


def corrupt(handler: Handler, answer: Answer) -> None:
    """Send all of the body with one byte changed."""
    body = bytearray(answer.body)
    body[len(body) // 2] ^= 0xFF
    handler.send(answer, sent=bytes(body))


def drop(handler: Handler, _: Answer) -> None:
    """Reset the connection without an answer."""
    handler.hang_up()
