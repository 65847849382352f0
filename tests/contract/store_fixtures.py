"""Fixtures of stores: one server per cloud for the session, and the environment to use it."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.contract.faulty_proxy import Proxy, proxy_to
from tests.contract.servers import KEY, SECRET, azure_connection, azure_server, gcs_server, s3_server


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(scope="session")
def gcs_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gcs_server(tmp_path_factory.mktemp("gcs")) as url:
        yield url


@pytest.fixture(scope="session")
def azure_url() -> Iterator[str]:
    with azure_server() as url:
        yield url


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wait briefly between attempts, with an empty home folder and no credentials of the user."""
    monkeypatch.setenv("SPATIALCORE_STORAGE_FIRST_WAIT", "0.02")
    monkeypatch.setenv("SPATIALCORE_STORAGE_LONGEST_WAIT", "0.2")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def s3(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the environment for the S3 server, as a user would."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
    return s3_url


@pytest.fixture
def gs(gcs_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the environment for the GCS server, and shorten the waits of gcsfs between its attempts."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_url)
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # the state after the library has imported gcsfs
    monkeypatch.setattr("gcsfs.retry.asyncio", SimpleNamespace(sleep=lambda _: asyncio.sleep(0.02)))
    return gcs_url


@pytest.fixture
def azure(azure_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the environment for the Azure server."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_connection(azure_url))
    return azure_url


@pytest.fixture(scope="module")
def s3_proxy(s3_url: str) -> Iterator[Proxy]:
    with proxy_to(s3_url) as running:
        yield running


@pytest.fixture
def proxied_s3(s3: str, s3_proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """Set the environment for the proxy in front of S3, without faults."""
    s3_proxy.faults.clear()
    s3_proxy.requests.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_proxy.url)
    monkeypatch.setenv("SPATIALCORE_STORAGE_READ_TIMEOUT", "0.7")
    monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", str(200_000))
    return s3_proxy
