"""The service refuses requests from pages of other origins and from other users of the machine."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.contract.servers import web_server
from tests.deployments.browser import browsing, sign_in
from tests.deployments.service import Service

pytestmark = pytest.mark.service

# Requests made in a page of another origin. Each returns its outcome; no outcome may start with "answered".
REQUESTS = """async ([api, deployment]) => {
  const config = {references: [{source: "s3://x/y.h5ad", output: "s3://x/z.h5ad"}]};
  const run = JSON.stringify({parameters: {config}, job_variables: {command: "touch file"}});
  const typeless = new Blob([run]);
  const json = {"Content-Type": "application/json"};
  const plain = {"Content-Type": "text/plain"};
  const post = (path, body, headers) => fetch(api + path, {method: "POST", body, headers});
  const blind = (path, body) => fetch(api + path, {method: "POST", body, mode: "no-cors"});
  const start = `/deployments/${deployment}/create_flow_run`;
  const socket = (path) => new Promise((resolve, reject) => {
    const opened = new WebSocket(api.replace("http", "ws") + path, "prefect");
    opened.onopen = () => opened.send(JSON.stringify({type: "auth", token: ""}));
    opened.onmessage = (message) => resolve({type: "basic", status: 200, text: () => message.data});
    opened.onclose = (closed) => reject(new Error(`closed ${closed.code}`));
  });
  const requests = {
    "start a run": () => post(start, run, json),
    "start a run, as text": () => post(start, run, plain),
    "start a run, without a content type": () => post(start, typeless, {}),
    "start a run, without looking at the answer": () => blind(start, typeless),
    "read the blocks": () => post("/block_documents/filter", '{"include_secrets": true}', json),
    "read the blocks, as text": () => post("/block_documents/filter", '{"include_secrets": true}', plain),
    "set a variable": () => post("/variables/", '{"name": "other", "value": "1"}', json),
    "set a variable, without a content type": () => blind("/variables/", new Blob(['{"name": "other", "value": "1"}'])),
    "get a token against forgery": () => fetch(api + "/csrf-token?client=other"),
    "read the settings": () => fetch(api + "/admin/settings"),
    "send an event": () => socket("/events/in"),
    "read the logs": () => socket("/logs/out"),
  };
  const outcomes = {};
  for (const [name, request] of Object.entries(requests)) {
    try {
      const answer = await request();
      outcomes[name] = answer.type === "opaque" ? "sent, not readable" : `answered ${answer.status}`;
    } catch (error) {
      outcomes[name] = `refused by the browser: ${error.message}`;
    }
  }
  return outcomes;
}"""


def outcomes_of_requests(page: Page, service: Service, origin: str) -> dict[str, str]:
    """Return the outcome of each request from a page of an origin."""
    deployment = service.get("deployments/name/acquire_references/any")["id"]
    page.goto(f"{origin}/")
    return dict(page.evaluate(REQUESTS, [f"{service.url}/api", deployment]))


@pytest.fixture
def foreign_page(tmp_path: Path) -> Iterator[str]:
    """Return the address of a page that is not part of the service."""
    (tmp_path / "index.html").write_text("<!doctype html><title>other</title>")
    with web_server(tmp_path) as url:
        yield url


@pytest.mark.browser
@pytest.mark.slow
def test_all_requests_from_another_origin_are_refused(service: Service, foreign_page: str) -> None:
    before = _state(service)
    with browsing() as page:
        sign_in(page, service)
        outcomes = outcomes_of_requests(page, service, foreign_page)
    print(json.dumps(outcomes, indent=1))
    assert [name for name, outcome in outcomes.items() if outcome.startswith("answered")] == []
    assert _state(service) == before


def _state(service: Service) -> dict[str, Any]:
    runs = service.runs(deployments={"name": {"any_": ["any"]}})
    return {"runs": len(runs), "variables": service.post("variables/filter")}


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}])
def test_all_requests_without_the_login_are_refused(service: Service, headers: dict[str, str]) -> None:
    content = b'{"name": "other", "value": "1"}'
    for path in ("variables/", "block_documents/filter", "flow_runs/filter"):
        answer = httpx.post(f"{service.url}/api/{path}", content=content, headers=headers, timeout=60)
        assert answer.status_code in {401, 403}
    token = httpx.get(f"{service.url}/api/csrf-token?client=other", timeout=60)
    assert token.status_code == 401


def test_a_request_with_the_login_but_without_a_token_is_refused(service: Service) -> None:
    """A browser can add a login by itself, but never the token."""
    answer = httpx.post(f"{service.url}/api/variables/", json={"name": "x", "value": 1}, auth=service.auth, timeout=60)
    assert (answer.status_code, answer.json()["detail"]) == (403, "Missing CSRF token.")


@pytest.mark.parametrize("origin", ["http://other.example", "http://127.0.0.1:9", "null"])
def test_other_origins_cannot_read_responses(service: Service, origin: str) -> None:
    answer = httpx.get(f"{service.url}/api/health", headers={"Origin": origin}, timeout=60)
    assert "access-control-allow-origin" not in answer.headers
    preflight = httpx.options(
        f"{service.url}/api/variables/",
        headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        timeout=60,
    )
    assert "access-control-allow-origin" not in preflight.headers


def test_the_database_is_in_a_folder_of_its_owner(service: Service) -> None:
    assert stat.S_IMODE((service.folder / "prefect").stat().st_mode) == 0o700
