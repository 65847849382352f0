"""Which files the results server serves, to whom, and which it refuses."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import expect

from deployments.processes import free_port
from deployments.results.app import SAFE, results_app
from deployments.results.idle_connections import IdleLimitedProtocol
from deployments.results_server import allowed_hosts
from spatialcore import storage
from tests.browser import chromium

REPORT = "runs/blood-1/a%20sample/report.html"
TEXT = "<h1>blood</h1>"


@contextmanager
def results_server(store: str, login: str = "", *, idle: int = 5) -> Iterator[str]:
    """Run the server until the block ends; yield its address."""
    port = free_port()
    app = results_app(store, login, allowed_hosts("127.0.0.1", ""))
    config = uvicorn.Config(
        app, port=port, http=IdleLimitedProtocol, ws="none", timeout_keep_alive=idle, log_level="error"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    store = str(tmp_path / "store") if request.param == "folder" else f"memory://bucket/{tmp_path.name}"
    storage.put_text(TEXT, f"{store}/runs/blood-1/a sample/report.html")
    storage.put_text("not for all", f"{store}/cache/train-1/result.json")
    storage.put_text("not for all", f"{store}/runs/blood-1/.spatialcore/x.manifest.json")
    (tmp_path / "secret.txt").write_text("not for all")
    return store


def test_a_report_opens_in_a_browser_and_cannot_make_requests(store: str) -> None:
    with results_server(store) as url:
        answer = httpx.get(f"{url}/{REPORT}")
    assert (answer.status_code, answer.text) == (200, TEXT)
    assert answer.headers["content-type"].startswith("text/html")
    assert {name: answer.headers[name] for name in SAFE} == SAFE
    assert "sandbox allow-scripts" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "runs",
        "runs/absent.html",
        "cache/train-1/result.json",
        "runs/../cache/train-1/result.json",
        "runs/..%2Fcache%2Ftrain-1%2Fresult.json",
        "runs/%2e%2e/%2e%2e/secret.txt",
        "runs/%252e%252e/%252e%252e/secret.txt",
        "runs/blood-1/.spatialcore/x.manifest.json",
        "runs/a%0ab",
        "runs//etc/passwd",
        "runs/blood-1",
        "runs/%c0%ae%c0%ae/%c0%ae%c0%ae/secret.txt",
        "runs/%EF%BC%8E%EF%BC%8E/secret.txt",
        "runs/blood-1/report.html%00.txt",
        "runs/blood-1/..;/..;/cache/train-1/result.json",
        "runs/blood-1/" + "x" * 5000,
        "RUNS/blood-1/a%20sample/report.html",
        "runs/blood-1/a%20sample/report.html/../../../../secret.txt",
        "runs/http://127.0.0.1/",
        "file:///etc/passwd",
    ],
)
def test_other_paths_are_not_served(store: str, path: str) -> None:
    with results_server(store) as url:
        answer = httpx.get(f"{url}/{path}")
    assert answer.status_code == 404
    assert answer.text in {"", "Not Found"}


def test_links_in_the_store_are_not_followed(tmp_path: Path) -> None:
    store = tmp_path / "store"
    storage.put_text(TEXT, str(store / "runs" / "a" / "report.html"))
    (tmp_path / "secret.txt").write_text("not for all")
    (store / "runs" / "a" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (store / "runs" / "folder").symlink_to(tmp_path)
    (store / "runs" / "circle").symlink_to(store / "runs" / "circle")
    os.mkfifo(store / "runs" / "a" / "pipe")  # reading it would block forever
    with results_server(str(store)) as url:
        assert httpx.get(f"{url}/runs/a/report.html").status_code == 200
        for path in ("runs/a/link.txt", "runs/folder/secret.txt", "runs/circle", "runs/circle/x", "runs/a/pipe"):
            assert httpx.get(f"{url}/{path}").status_code == 404


def test_requests_without_a_login_are_refused(store: str) -> None:
    with results_server(store, "admin:wörd") as url:
        assert httpx.get(f"{url}/{REPORT}").status_code == 401
        assert httpx.get(f"{url}/runs/absent").status_code == 401, "a missing file is not revealed"
        assert httpx.get(f"{url}/{REPORT}", auth=("admin", "other")).status_code == 401
        assert httpx.get(f"{url}/{REPORT}", auth=("admin", "wörd")).status_code == 200
        assert httpx.get(f"{url}/health").status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("other.example", "other.example:4201", "127.0.0.1.other.example", "127.0.0.1@other.example", ""),
        *("localhost.other.example", "other.example#127.0.0.1", "other.example, localhost", "127.1", "2130706433"),
    ],
)
def test_a_request_with_another_host_name_is_refused(store: str, host: str) -> None:
    """A page whose host name resolves to this server (DNS rebinding) would have the same origin as the results."""
    with results_server(store) as url:
        assert httpx.get(f"{url}/{REPORT}", headers={"Host": host}).status_code == 400
        assert httpx.get(f"{url}/{REPORT}", headers={"Host": "localhost:1"}).status_code == 200


def test_range_and_head_requests(store: str) -> None:
    with results_server(store) as url:
        part = httpx.get(f"{url}/{REPORT}", headers={"Range": "bytes=4-8"})
        assert (part.status_code, part.text, part.headers["content-range"]) == (206, "blood", "bytes 4-8/14")
        beyond = httpx.get(f"{url}/{REPORT}", headers={"Range": "bytes=99-"})
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */14")
        head = httpx.head(f"{url}/{REPORT}")
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "14")
        assert httpx.post(f"{url}/{REPORT}").status_code == 405


@pytest.mark.parametrize(
    ("header", "status", "length"),
    [
        ("bytes=0-0", 206, 1),
        ("bytes=-1", 206, 1),
        ("bytes=-0", 416, 0),
        ("bytes=-99", 206, 14),
        ("bytes=13-99999999999999999999", 206, 1),
        ("bytes=14-", 416, 0),
        ("bytes=5-2", 200, 14),
        ("bytes=0-1,3-4", 200, 14),
        ("bytes=" + ",".join(["0-"] * 500), 200, 14),
        ("bytes=-", 200, 14),
        ("bytes=a-b", 200, 14),
        ("bytes=\u0661-2".encode(), 200, 14),
        ("items=0-1", 200, 14),
        ("bytes=--5", 200, 14),
    ],
)
def test_unusual_ranges_follow_the_standard(store: str, header: str | bytes, status: int, length: int) -> None:
    with results_server(store) as url:
        answer = httpx.get(f"{url}/{REPORT}", headers={"Range": header})
    assert (answer.status_code, len(answer.content)) == (status, length)


def test_an_unchanged_file_is_not_sent_again(store: str) -> None:
    with results_server(store) as url:
        tag = httpx.get(f"{url}/{REPORT}").headers["etag"]
        repeated = httpx.get(f"{url}/{REPORT}", headers={"If-None-Match": tag})
        assert (repeated.status_code, repeated.content) == (304, b"")
        old = {"Range": "bytes=4-8", "If-Range": '"another"'}
        assert httpx.get(f"{url}/{REPORT}", headers=old).text == TEXT
        time.sleep(0.01)
        storage.put_text("<h1>lungs</h1>", f"{store}/runs/blood-1/a sample/report.html")
        changed = httpx.get(f"{url}/{REPORT}", headers={"If-None-Match": tag})
        assert (changed.status_code, changed.text) == (200, "<h1>lungs</h1>")


def test_a_large_file_is_sent_in_blocks(tmp_path: Path) -> None:
    content = os.urandom(5 << 20)
    storage.put_bytes(content, str(tmp_path / "runs" / "a" / "calls.parquet"))
    with results_server(str(tmp_path)) as url:
        assert httpx.get(f"{url}/runs/a/calls.parquet").content == content


@pytest.mark.browser
def test_the_page_of_all_samples_links_to_their_reports(store: str) -> None:
    storage.put_text('<a href="a%20sample/report.html">a sample</a>', f"{store}/runs/blood-1/cohort.html")
    with results_server(store, "user:word") as url, chromium() as browser:
        page = browser.new_page(http_credentials={"username": "user", "password": "word"})
        page.goto(f"{url}/runs/blood-1/cohort.html")
        page.get_by_role("link").click()
        expect(page.get_by_role("heading", name="blood")).to_be_visible()
        assert page.url == f"{url}/{REPORT}"
