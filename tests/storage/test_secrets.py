"""Lines of client libraries go through the same mask as ours."""

import json
import logging

import pytest

from spatialcore.storage import connect, redact, remember_secret

SECRET = "planted-in-a-client-library-1618"


def test_a_client_library_logs_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    remember_secret(SECRET)
    connect("memory://bucket/a")
    logger = logging.getLogger("gcsfs")
    try:
        raise OSError(f"refused: {SECRET}")
    except OSError:
        logger.exception("request with %s failed", SECRET)
    assert SECRET not in caplog.text
    assert "request with *** failed" in caplog.text
    assert "OSError: refused: ***" in caplog.text


def test_what_the_environment_gives_to_file_systems_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    account = {"type": "service_account", "project_id": "atlas-project", "private_key": "planted-private-key"}
    monkeypatch.setenv("FSSPEC_GS", json.dumps({"token": account}))
    monkeypatch.setenv("FSSPEC_S3_SECRET", "planted-secret-key")
    told = redact("atlas-project: planted-private-key and planted-secret-key were refused")
    assert told == "atlas-project: *** and *** were refused"
