"""An event sent by a worker, and the server's acknowledgement."""

import time

import pytest

from deployments.event_client import send_event
from deployments.login import CLIENT_LOGIN
from tests.deployments.service import Service


@pytest.mark.service
def test_an_event_arrives_under_login_and_csrf_protection(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CLIENT_LOGIN, service.login)
    send_event(f"{service.url}/api", "spatialcore.test", "spatialcore.test.1")
    wait_for_event(service, "spatialcore.test")
    monkeypatch.setenv(CLIENT_LOGIN, "admin:another")
    with pytest.raises(OSError, match="401"):
        send_event(f"{service.url}/api", "spatialcore.test", "spatialcore.test.1")


def wait_for_event(service: Service, event: str, timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while not service.post("events/filter", filter={"event": {"name": [event]}})["events"]:
        assert time.monotonic() < deadline, f"{event} was not received"
        time.sleep(0.3)
