"""Web servers: read in one stream, never written."""

import os
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import FileMissingError, InputError
from spatialcore.storage.backends.http import HTTPBackend
from spatialcore.storage.types import Stat
from tests.contract.servers import web_server


def test_get(tmp_path: Path) -> None:
    (tmp_path / "a b.bin").write_bytes(os.urandom(100_000))
    with web_server(tmp_path) as url:
        file = storage.get(f"{url}/a%20b.bin", tmp_path / "back")
        assert storage.describe(file.uri).sha256 == file.sha256
        assert storage.token(file.uri) == file.token
        with pytest.raises(FileMissingError):
            storage.get(f"{url}/missing.bin", tmp_path / "missing")
    assert (tmp_path / "back").read_bytes() == (tmp_path / "a b.bin").read_bytes()


@pytest.mark.parametrize("start", [0, 1, 70_000])
def test_server_without_ranges_sends_the_start_again(start: int, tmp_path: Path) -> None:
    content = os.urandom(100_000)
    (tmp_path / "a.bin").write_bytes(content)
    received = bytearray()
    with web_server(tmp_path) as url:
        HTTPBackend("http").stream(f"{url}/a.bin", Stat("1", 100_000), start, 100_000, received.extend)
    assert bytes(received) == content[start:]


def test_read_only(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for write in (
        lambda: storage.put(tmp_path / "a", "https://host/a"),
        lambda: storage.put_text("x", "https://host/a"),
        lambda: storage.delete("https://host/a"),
        lambda: HTTPBackend("https").write("https://host/a", b"", only_over=None, mark=""),
    ):
        with pytest.raises(InputError, match="cannot write to https://: it is read-only"):
            write()


@pytest.mark.parametrize(
    ("info", "token"),
    [
        ({"size": 5, "ETag": '"abc"'}, "abc-5"),
        ({"size": 5, "Last-Modified": "Sun, 29 Nov"}, "Sun, 29 Nov-5"),
        ({"size": 5}, "size-5"),
        ({}, "size-None"),
    ],
)
def test_token(info: dict[str, object], token: str) -> None:
    assert HTTPBackend("http").stat_of(info).token == token


def test_secrets_of_a_url_are_masked() -> None:
    storage.parse_uri("https://me:planted-password@host/a?sig=planted-signature&part=1")
    assert storage.redact("planted-password, planted-signature") == "***, ***"
