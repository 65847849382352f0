"""Secrets are masked in texts and in log records of client libraries."""

import json
import logging

import pytest

from spatialcore.storage import connect, redact, remember_secret
from spatialcore.storage.secrets import remember_secret_variables, secret_values

SECRET = "planted-in-a-client-library-1618"


def test_records_of_client_libraries_are_masked(caplog: pytest.LogCaptureFixture) -> None:
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


def test_file_system_options_of_the_environment_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    account = {"type": "service_account", "project_id": "atlas-project", "private_key": "planted-private-key"}
    monkeypatch.setenv("FSSPEC_GS", json.dumps({"token": account}))
    monkeypatch.setenv("FSSPEC_S3_SECRET", "planted-secret-key")
    text = redact("atlas-project: planted-private-key and planted-secret-key were refused")
    assert text == "atlas-project: *** and *** were refused"


def test_redact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted/secret")
    remember_secret("given-secret", None, "abc")
    text = redact("planted/secret given-secret abc https://u:p4ss@h/?sig=zzz&a=1 Authorization: Bearer eyJ.x-y")
    assert text == "*** *** abc https://***@h/?sig=***&a=1 Authorization: Bearer ***"


def test_variables_are_masked_whenever_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    remember_secret_variables("PLANTED_VARIABLE")
    assert redact("planted-later") == "planted-later"
    monkeypatch.setenv("PLANTED_VARIABLE", "planted-later")
    assert redact("planted-later") == "***"


def test_connection_strings_are_masked() -> None:
    assert redact("Account=lab;AccountKey=abc==;Suffix=x") == "Account=lab;AccountKey=***;Suffix=x"


def test_secret_values_are_chosen_by_name() -> None:
    options = {"key": "a", "region": "b", "client": {"aws_session_token": "c", "timeout": 3}, "connection_string": "d"}
    assert list(secret_values(options)) == ["a", "c", "d"]
