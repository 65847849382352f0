"""A client of the service under test, based on plain HTTP."""

import http.server
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from deployments.definitions import POOL
from tests.contract.servers import BUCKET, KEY, SECRET

LOGIN = "admin:a word for the tests"
STORE = f"s3://{BUCKET}/store"
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True)
class Service:
    """Addresses of the service, the environment of its commands, and its folder."""

    url: str
    environment: dict[str, str]
    folder: Path
    s3_url: str
    webhook: "Webhook"
    files_port: int
    login: str = LOGIN
    _session: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def auth(self) -> tuple[str, str]:
        user, _, password = self.login.partition(":")
        return user, password

    @property
    def files_url(self) -> str:
        return f"http://127.0.0.1:{self.files_port}"

    @property
    def keys(self) -> dict[str, str]:
        """Environment variables with write access to the bucket; the worker does not have them."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.s3_url,
        }

    def get(self, path: str) -> Any:
        return _checked(lambda: httpx.get(f"{self.url}/api/{path}", auth=self.auth, timeout=60))

    def post(self, path: str, **content: Any) -> Any:
        return self.send("POST", path, content)

    def send(self, method: str, path: str, content: Any) -> Any:
        url, headers = f"{self.url}/api/{path}", self.csrf_headers()
        return _checked(lambda: httpx.request(method, url, json=content, headers=headers, auth=self.auth, timeout=60))

    def csrf_headers(self) -> dict[str, str]:
        """Return the headers that write requests require, with a token from the server for this client."""
        if "headers" not in self._session:
            client = str(uuid.uuid4())
            token = self.get(f"csrf-token?client={client}")["token"]
            self._session["headers"] = {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token}
        return dict(self._session["headers"])

    def deployments(self) -> list[Any]:
        return list(self.post("deployments/filter", limit=200))

    def start(self, name: str, *, later: bool = False, **config: Any) -> str:
        """Start a run of ``flow/deployment`` and return its id. With ``later``, schedule it far in the future."""
        deployment = self.get(f"deployments/name/{name}")
        parameters = {"config": {**deployment["parameters"].get("config", {}), **config}} if config else {}
        when = {"scheduled_time": "2100-01-01T00:00:00Z"} if later else {}
        state = {"type": "SCHEDULED", "state_details": when}
        run = self.post(f"deployments/{deployment['id']}/create_flow_run", parameters=parameters, state=state)
        return str(run["id"])

    def runs(self, **filters: Any) -> list[Any]:
        return list(self.post("flow_runs/filter", **filters))

    def propose(self, run: str, state: str) -> tuple[str, str]:
        """Propose a state as a worker does; return the server's answer and the resulting state."""
        answer = self.post(f"flow_runs/{run}/set_state", state={"type": state})
        return answer["status"], answer["state"]["name"]

    @contextmanager
    def sleeping_deployment(self, *tags: str, pool: str = POOL) -> Iterator[str]:
        """Deploy a flow that sleeps until the block ends; yield the name of the deployment."""
        flow = self.post("flows/", name="waits")["id"]
        fields = {"entrypoint": "tests.deployments.waits.waits", "tags": [*tags, "spatialcore"], "pull_steps": []}
        pool_settings = {"work_pool_name": pool, "enforce_parameter_schema": False}
        deployment = self.post("deployments/", name="-".join(["waits", *tags]), flow_id=flow, **fields, **pool_settings)
        try:
            yield f"waits/{deployment['name']}"
        finally:
            self.send("DELETE", f"deployments/{deployment['id']}", {})

    def wait(self, run: str, states: tuple[str, ...] = ENDED, timeout: float = 120) -> Any:
        """Wait until a run is in one of these states and return it."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            flow_run = self.get(f"flow_runs/{run}")
            if flow_run["state_type"] in states:
                return flow_run
            time.sleep(0.5)
        raise AssertionError(f"run {run} is {flow_run['state_name']}: {self.logs(run)[-5:]}")

    def slot_times(self, run: str) -> tuple[str, str]:
        """Return the start and end of a run's slot in its work pool, by the server's clock."""
        states = sorted(self.get(f"flow_run_states/?flow_run_id={run}"), key=lambda state: str(state["timestamp"]))
        return next(state["timestamp"] for state in states if state["type"] == "PENDING"), states[-1]["timestamp"]

    def logs(self, run: str) -> list[Any]:
        return list(self.post("logs/filter", logs={"flow_run_id": {"any_": [run]}}, sort="TIMESTAMP_ASC", limit=200))

    def wait_for_worker(self, deployment: str, timeout: float = 60) -> Any:
        """Wait until a worker polls for runs of ``flow/deployment`` and return the deployment."""
        deadline = time.monotonic() + timeout
        while (result := self.get(f"deployments/name/{deployment}"))["status"] != "READY":
            assert time.monotonic() < deadline, f"no worker polls for runs of {deployment}"
            time.sleep(0.5)
        return result

    def wait_for_log(self, run: str, text: str, timeout: float = 20) -> None:
        """Wait until a text is in the log of a run. Lines are sent in batches, the last after the end of the run."""
        deadline = time.monotonic() + timeout
        while text not in str(lines := self.logs(run)):
            assert time.monotonic() < deadline, f"{text!r} is not in {lines}"
            time.sleep(0.3)

    def wait_for_event(self, event: str, run: str, timeout: float = 60) -> None:
        """Wait until the server has received an event about a run."""
        fields = {"event": {"name": [event]}, "resource": {"id": [f"prefect.flow-run.{run}"]}}
        deadline = time.monotonic() + timeout
        while not self.post("events/filter", filter=fields)["events"]:
            assert time.monotonic() < deadline, f"{event} was not received"
            time.sleep(0.3)

    @staticmethod
    def seconds_between(before: str, after: str) -> float:
        return (datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds()

    def emit(self, event: str, resource: str) -> None:
        """Send an event, as any client can."""
        fields = {"prefect.resource.id": resource}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        payload = [{"occurred": now, "event": event, "resource": fields, "id": _uuid()}]
        self.send("POST", "events", payload)


@dataclass(frozen=True)
class DeadRun:
    """A run whose machine died, and the time by the server's clock."""

    run: str
    when: str


@dataclass(frozen=True)
class Webhook:
    """A server that receives the notifications of failures; ``texts`` has their texts."""

    url: str
    texts: list[str]


@contextmanager
def webhook_server() -> Iterator[Webhook]:
    texts: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Webhook(f"http://127.0.0.1:{server.server_port}/hook", texts)
    finally:
        server.shutdown()


def _uuid() -> str:
    import uuid

    return str(uuid.uuid4())


def _checked(request: Callable[[], httpx.Response]) -> Any:
    """Return the content of a response. Status 503 (busy database) is retried, as in Prefect's client."""
    for _ in range(5):
        response = request()
        if response.status_code != 503:
            break
        time.sleep(1)
    assert response.is_success, f"{response.status_code} {response.text}"
    return response.json() if response.content else None
