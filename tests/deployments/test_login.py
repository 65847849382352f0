"""The login created at the first start, and the page that signs a browser in."""

import base64
import stat
from pathlib import Path

import pytest

from deployments import login


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_login_is_created_once_and_readable_only_by_its_owner(tmp_path: Path) -> None:
    home = tmp_path / "prefect"
    login.ensure_private(home)
    first, created = login.ensure_login(home)
    assert (mode(home), mode(home / login.FILE), created) == (0o700, 0o600, True)
    assert first.startswith("admin:")
    assert len(first) > 24
    (home / login.FILE).chmod(0o644)
    assert login.ensure_login(home) == (first, False)
    assert mode(home / login.FILE) == 0o600


def test_access_of_other_users_to_the_folder_is_removed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    login.ensure_private(tmp_path)
    assert mode(tmp_path) == 0o700


def test_two_logins_differ(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    assert len({login.ensure_login(folder)[0] for folder in folders}) == 2


def test_a_browser_gets_the_login_from_a_private_file_not_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(login, "_has_screen", lambda: True)
    monkeypatch.setattr("webbrowser.open", lambda url: bool(opened.append(url)) or True)
    assert login.open_ui("http://127.0.0.1:4200", "admin:word", tmp_path)
    (url,) = opened
    assert url == (tmp_path / "open.html").as_uri()
    assert mode(tmp_path / "open.html") == 0o600
    token = base64.b64encode(b"admin:word").decode()
    assert f"http://127.0.0.1:4200/open.html#{token}" in (tmp_path / "open.html").read_text()


def test_no_browser_is_opened_without_a_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "_has_screen", lambda: False)
    assert not login.open_ui("http://127.0.0.1:4200", "admin:word", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_results_server_uses_the_login_of_the_api_by_default() -> None:
    api = {login.CLIENT_LOGIN: "c:1", login.SERVER_LOGIN: "s:1"}
    assert login.login_of({}) == ""
    assert login.login_of({login.CLIENT_LOGIN: "c:1"}) == "c:1"
    assert login.login_of(api) == "s:1"
    assert login.login_of({**api, "SPATIALCORE_FILES_LOGIN": "f:1"}) == "f:1"
