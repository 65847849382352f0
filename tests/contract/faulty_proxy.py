"""A proxy in front of a store that injects faults into chosen requests and counts the served bytes."""

import base64
import hashlib
import http.client
import http.server
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "server", "date"}


@dataclass
class Answer:
    """A response of the store."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Act = Callable[["Handler", bytes], None]


@dataclass
class Fault:
    """A fault of the first ``times`` matching requests.

    Parameters
    ----------
    act
        Responds to the client, given the request's body; may forward the request to the store.
    method, path
        Which requests match; the path is a regular expression.
    """

    act: Act
    method: str = "GET"
    path: str = ""
    times: int = 1
    n_matched: int = field(default=0)

    def matches(self, method: str, path: str) -> bool:
        if self.n_matched >= self.times or method != self.method or not re.search(self.path, path):
            return False
        self.n_matched += 1
        return True


@dataclass
class Outage(Fault):
    """The same response to every request for some seconds, after a number of requests."""

    after: int = 0
    seconds: float = 0.0
    requested: list[float] = field(default_factory=list)

    def matches(self, method: str, path: str) -> bool:
        self.requested.append(time.monotonic())
        active = len(self.requested) > self.after and self.requested[-1] - self.requested[self.after] < self.seconds
        self.n_matched += active
        return active


class Handler(http.server.BaseHTTPRequestHandler):
    """One request, forwarded or with a fault."""

    protocol_version = "HTTP/1.1"
    server: "Proxy"

    def log_message(self, *_: object) -> None:
        return

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            self.server.requests.append((self.command, self.path, dict(self.headers)))
            fault = next((item for item in self.server.faults if item.matches(self.command, self.path)), None)
        if fault is None:
            self.send(self.forward(body))
        else:
            fault.act(self, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one  # noqa: N815

    def forward(self, body: bytes) -> Answer:
        upstream = urlsplit(self.server.upstream)
        connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"connection", "host"}}
        connection.request(self.command, self.path, body or None, headers | {"Host": self.headers["Host"]})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if self.command == "GET":
            self.server.served[self.path.partition("?")[0].rpartition("/")[2]] += len(content)
        return Answer(answer.status, answer.getheaders(), content)

    def send(self, answer: Answer, *, declared: int | None = None, sent: bytes | None = None) -> None:
        """Send a response, whose declared length may differ from the length sent."""
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
    """The proxy with its faults, the requests received, and the bytes served per name."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.served: Counter[str] = Counter()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        return  # clients disconnect on purpose


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


def status(code: int, error: str = "", message: str = "") -> Act:
    """Return an action that responds with an error; the request is not forwarded."""
    text = f"<Error><Code>{error}</Code><Message>{message or error}</Message></Error>".encode()

    def act(handler: Handler, _: bytes) -> None:
        handler.send(Answer(code, [("Content-Type", "application/xml")], text if error else b""))

    return act


def drop(handler: Handler, _: bytes) -> None:
    """Reset the connection; the request is not forwarded."""
    handler.hang_up()


def lose_answer(handler: Handler, body: bytes) -> None:
    """Forward the request, and reset the connection instead of responding."""
    handler.forward(body)
    handler.hang_up()


def _send_half(handler: Handler, body: bytes, *, declared: bool = False) -> None:
    answer = handler.forward(body)
    half = answer.body[: len(answer.body) // 2]
    handler.send(answer, declared=len(half) if declared else len(answer.body), sent=half)


def reset(handler: Handler, body: bytes) -> None:
    """Send half of the response, then reset the connection."""
    _send_half(handler, body)
    handler.hang_up()


def cut(handler: Handler, body: bytes) -> None:
    """Send half of the response with the correct status and length, then close the connection."""
    _send_half(handler, body)
    handler.close_connection = True


def shorten(handler: Handler, body: bytes) -> None:
    """Send half of the response as if it were complete."""
    _send_half(handler, body, declared=True)


def stall(handler: Handler, body: bytes, *, seconds: float = 3) -> None:
    """Send half of the response, then nothing until after the timeout."""
    _send_half(handler, body)
    time.sleep(seconds)
    handler.close_connection = True


def wait(seconds: float) -> Act:
    """Send no response for some seconds; the request is not forwarded."""
    return lambda *_: time.sleep(seconds)


def corrupt(handler: Handler, body: bytes) -> None:
    """Send the response with one byte changed."""
    answer = handler.forward(body)
    handler.send(answer, sent=_altered(answer.body))


def corrupt_upward(handler: Handler, body: bytes) -> None:
    """Forward the request with one byte changed."""
    handler.send(handler.forward(_altered(body)))


def corrupt_noticed(handler: Handler, body: bytes) -> None:
    """Respond as a store that finds a mismatch with the Content-MD5 of the request, as Amazon S3 does."""
    md5 = handler.headers["Content-MD5"]
    assert md5 == base64.b64encode(hashlib.md5(body).digest()).decode(), "the request has no MD5 to compare with"
    status(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")(handler, body)


def _altered(body: bytes) -> bytes:
    altered = bytearray(body)
    altered[len(altered) // 2] ^= 0xFF
    return bytes(altered)
