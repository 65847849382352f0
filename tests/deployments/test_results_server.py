"""The server of results: what it hands out, and what it keeps to itself."""

from pathlib import Path

import httpx
import pytest

from deployments.results_server import file_server
from spatialcore import storage
from tests.contract.servers import serving


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    store = str(tmp_path / "store") if request.param == "folder" else f"memory://bucket/{tmp_path.name}"
    storage.put_text("<h1>blood</h1>", f"{store}/runs/blood-1/a sample/report.html")
    storage.put_text("not for all", f"{store}/cache/train-1/result.json")
    (tmp_path / "secret.txt").write_text("not for all")
    return store


def test_a_report_opens_in_a_browser(store: str) -> None:
    with serving(file_server("127.0.0.1", 0, store)) as url:
        answer = httpx.get(f"{url}/runs/blood-1/a%20sample/report.html")
    assert (answer.status_code, answer.text) == (200, "<h1>blood</h1>")
    assert answer.headers["content-type"] == "text/html"


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
        "runs//etc/passwd",
        "runs/blood-1",
    ],
)
def test_nothing_else_is_handed_out(store: str, path: str) -> None:
    with serving(file_server("127.0.0.1", 0, store)) as url:
        answer = httpx.get(f"{url}/{path}")
    assert (answer.status_code, answer.text) == (404, "")


def test_who_has_no_login_sees_nothing(store: str) -> None:
    report = "runs/blood-1/a%20sample/report.html"
    with serving(file_server("127.0.0.1", 0, store, "admin:word")) as url:
        assert httpx.get(f"{url}/{report}").status_code == 401
        assert httpx.get(f"{url}/{report}", auth=("admin", "other")).status_code == 401
        assert httpx.get(f"{url}/{report}", auth=("admin", "word")).status_code == 200
