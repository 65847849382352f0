"""Settings and credentials of an installation, read from environment variables."""

from pathlib import Path

import pytest

from deployments.environment import Installation
from spatialcore.errors import InputError


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SPATIALCORE_RUNS_AT_ONCE", "many"),
        ("SPATIALCORE_RETRY_CRASHED", "perhaps"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json"),
    ],
)
def test_an_error_in_the_environment_is_reported(variable: str, value: str) -> None:
    with pytest.raises(InputError, match=variable):
        Installation.from_environment({variable: value})


def test_an_installation_shows_no_secret() -> None:
    installation = Installation.from_environment(
        {"AWS_SECRET_ACCESS_KEY": "planted", "SPATIALCORE_WEBHOOK_URL": "https://planted"}
    )
    assert "planted" not in repr(installation)
    assert Installation.from_environment({"SPATIALCORE_STORE": "s3://lab/a/b/"}).bucket == ("lab", "a/b")


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    installation = Installation.from_environment({})
    assert installation == Installation(store=str(tmp_path / "spatialcore-store"))
    assert (installation.scheme, installation.bucket) == ("file", ("", ""))


def test_credentials_are_grouped_by_backend_and_key_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("{}")
    environment = {
        "AWS_SECRET_ACCESS_KEY": "a",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
        "AWS_PROFILE": "not passed on",
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json"),
        "AZURE_STORAGE_ACCOUNT_NAME": "lab",
    }
    assert Installation.from_environment(environment).credentials == {
        "s3": {"AWS_SECRET_ACCESS_KEY": "a", "AWS_ENDPOINT_URL": "http://127.0.0.1:9000"},
        "gs": {"GOOGLE_APPLICATION_CREDENTIALS": "{}"},
        "az": {"AZURE_STORAGE_ACCOUNT_NAME": "lab"},
    }


@pytest.mark.parametrize(("text", "enabled"), [("yes", True), ("TRUE", True), ("1", True), ("", False), ("no", False)])
def test_retry_crashed(text: str, enabled: bool) -> None:
    assert Installation.from_environment({"SPATIALCORE_RETRY_CRASHED": text}).retry_crashed is enabled
