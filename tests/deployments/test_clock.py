"""A server whose clock differs."""

import http.server
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate

import pytest

from deployments.clock import clock_difference, refuse_wrong_clock
from spatialcore.errors import SpatialCoreError
from tests.contract.servers import serving


@contextmanager
def server_with_clock(ahead: float = 0, *, ready: int = 200) -> Iterator[str]:
    """Run a server whose clock is ahead by some seconds, and whose readiness check returns a status."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(ready if self.path == "/api/ready" else 200)
            self.send_header("Date", formatdate(time.time() + ahead, usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)) as url:
        yield f"{url}/api"


@pytest.mark.parametrize("ahead", [0, 20, -20, 100, -300, 3600])
def test_the_difference_is_measured_in_seconds(ahead: float) -> None:
    with server_with_clock(ahead) as url:
        assert clock_difference(url) == pytest.approx(-ahead, abs=1)


@pytest.mark.parametrize(("difference", "words"), [(100, "100 s ahead of"), (-300, "300 s behind"), (31, "31 s ahead")])
def test_a_difference_over_thirty_seconds_is_refused(difference: float, words: str) -> None:
    with pytest.raises(SpatialCoreError, match=words):
        refuse_wrong_clock(difference)
    refuse_wrong_clock(29)
    refuse_wrong_clock(-29)
