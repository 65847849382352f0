"""Servers for the whole session, and quick retries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.servers import KEY, SECRET, gcs_server, s3_server


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(scope="session")
def gcs_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gcs_server(tmp_path_factory.mktemp("gcs")) as url:
        yield url


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wait little between tries, and touch neither the home folder nor anybody's credentials."""
    monkeypatch.setenv("SPATIALCORE_STORAGE_FIRST_WAIT", "0.02")
    monkeypatch.setenv("SPATIALCORE_STORAGE_LONGEST_WAIT", "0.2")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def s3(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Point the environment at the S3 server, as a user's would be."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
    return s3_url


@pytest.fixture
def gs(gcs_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Point the environment at the GCS server."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_url)
    return gcs_url
