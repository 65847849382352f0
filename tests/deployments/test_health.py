"""The health check, against servers that are healthy, without a database, and with a wrong clock."""

import pytest

from deployments import health
from tests.deployments.test_clock import server


def test_the_health_command_sees_the_database_and_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as url:
        health.check(url)
    for options, words in (({"ready": 503}, "503"), ({"ahead": 100}, "100 s behind the server's")):
        with server(**options) as url:
            monkeypatch.setenv("PREFECT_API_URL", url)
            with pytest.raises(SystemExit, match=words):
                health.main()


def test_a_server_that_does_not_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with pytest.raises(SystemExit, match=r"http://127\.0\.0\.1:1/api: .*refused"):
        health.main()
