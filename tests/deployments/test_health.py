"""The health check of servers that are healthy, without a database, or with a wrong clock."""

import pytest

from deployments import health
from tests.deployments.test_clock import server_with_clock


def test_the_health_command_checks_the_database_and_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    with server_with_clock() as url:
        health.check(url)
    for options, words in (({"ready": 503}, "503"), ({"ahead": 100}, "100 s behind the server's")):
        with server_with_clock(**options) as url:
            monkeypatch.setenv("PREFECT_API_URL", url)
            with pytest.raises(SystemExit, match=words):
                health.main()


def test_a_server_that_does_not_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with pytest.raises(SystemExit, match=r"http://127\.0\.0\.1:1/api: .*refused"):
        health.main()
