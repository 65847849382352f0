"""A client of the service under test: plain HTTP, as anyone may speak it."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True)
class Service:
    """Where the service is, the environment that its commands get, and where it writes."""

    url: str
    environment: dict[str, str]
    folder: Path
    s3_url: str
    webhook: "Webhook"

    def get(self, path: str) -> Any:
        return _checked(httpx.get(f"{self.url}/api/{path}", timeout=60))

    def post(self, path: str, **content: Any) -> Any:
        return _checked(httpx.post(f"{self.url}/api/{path}", json=content, timeout=60))

    def deployments(self) -> list[Any]:
        return list(self.post("deployments/filter", limit=200))

    def start(self, name: str, **config: Any) -> str:
        """Start a run of ``flow/deployment`` and return its id."""
        deployment = self.get(f"deployments/name/{name}")
        parameters = {"config": {**deployment["parameters"].get("config", {}), **config}} if config else {}
        state = {"type": "SCHEDULED"}
        run = self.post(f"deployments/{deployment['id']}/create_flow_run", parameters=parameters, state=state)
        return str(run["id"])

    def runs(self, **filters: Any) -> list[Any]:
        return list(self.post("flow_runs/filter", **filters))

    def wait(self, run: str, states: tuple[str, ...] = ENDED, patience: float = 120) -> Any:
        """Wait until a run is in one of these states and return it."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            found = self.get(f"flow_runs/{run}")
            if found["state_type"] in states:
                return found
            time.sleep(0.5)
        raise AssertionError(f"run {run} is {found['state_name']}: {self.logs(run)[-5:]}")

    def logs(self, run: str) -> list[Any]:
        return list(self.post("logs/filter", logs={"flow_run_id": {"any_": [run]}}, sort="TIMESTAMP_ASC", limit=200))

    def wait_for_event(self, event: str, run: str, patience: float = 60) -> None:
        """Wait until the server has heard of an event about a run."""
        about = {"event": {"name": [event]}, "resource": {"id": [f"prefect.flow-run.{run}"]}}
        deadline = time.monotonic() + patience
        while not self.post("events/filter", filter=about)["events"]:
            assert time.monotonic() < deadline, f"{event} was not heard"
            time.sleep(0.3)

    def emit(self, event: str, resource: str) -> None:
        """Say that something happened, as any program may."""
        about = {"prefect.resource.id": resource}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        payload = [{"occurred": now, "event": event, "resource": about, "id": _uuid()}]
        httpx.post(f"{self.url}/api/events", json=payload, timeout=60).raise_for_status()


@dataclass(frozen=True)
class Webhook:
    """A place that is told of failures; ``told`` holds what was said."""

    url: str
    told: list[str]


@contextmanager
def listening() -> Iterator[Webhook]:
    told: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Webhook(f"http://127.0.0.1:{server.server_port}/hook", told)
    finally:
        server.shutdown()


def _uuid() -> str:
    import uuid

    return str(uuid.uuid4())


def _checked(response: httpx.Response) -> Any:
    assert response.is_success, f"{response.status_code} {response.text}"
    return response.json()
