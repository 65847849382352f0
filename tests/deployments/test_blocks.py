"""Credentials in blocks, and in the environment of a run after Prefect has resolved block references."""

import asyncio
import json
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.utilities.templating import resolve_block_document_references

from deployments import blocks
from deployments.blocks import CLOUDS, run_environment, save_blocks
from deployments.environment import Installation
from spatialcore.storage.backends import SCHEMES, backend_of

AZURE = {
    "SPATIALCORE_STORE": "az://lab/store",
    "AZURE_STORAGE_ACCOUNT_NAME": "lab",
    "AZURE_STORAGE_ACCOUNT_KEY": "planted-azure-key",
    "SYNAPSE_AUTH_TOKEN": "planted-synapse-token",
}
S3 = {
    "SPATIALCORE_STORE": "s3://lab/store",
    "AWS_ACCESS_KEY_ID": "planted-key-id",
    "AWS_SECRET_ACCESS_KEY": "planted-secret-key",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
}


@pytest.mark.service
@pytest.mark.parametrize(
    ("environment", "names"),
    [
        (AZURE, ["secret/another-azure-storage-account-key", "secret/another-synapse"]),
        (S3, ["aws-credentials/another", "s3-bucket/another"]),
    ],
    ids=["a backend without block classes of its own", "a backend with block classes of its own"],
)
def test_secrets_are_saved_in_blocks_and_runs_get_them(
    client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], names: list[str]
) -> None:
    monkeypatch.setattr(blocks, "NAME", "another")  # separate from the blocks of the shared service
    monkeypatch.setattr(blocks, "SYNAPSE", "another-synapse")
    installation = Installation.from_environment(environment)
    assert save_blocks(installation) == names
    template = run_environment(installation)
    assert "planted" not in str(template)
    run = asyncio.run(resolve_block_document_references(template))
    assert {name: run[name] for name in environment} == environment


def test_a_key_file_is_passed_to_runs_as_options_of_fsspec() -> None:
    credentials = CLOUDS["gs"]("gs", {"GOOGLE_APPLICATION_CREDENTIALS": json.dumps({"private_key": "planted"})})
    assert credentials.environment() == {"FSSPEC_GS": "{{ prefect.blocks.secret.spatialcore-gs }}"}
    assert "planted" not in repr(credentials)
    assert CLOUDS["gs"]("gs", {}).environment() == {}, "runs use the platform's credentials"


def test_a_store_in_a_folder_needs_no_block() -> None:
    installation = Installation(store="/data/store", files="https://results.lab")
    assert save_blocks(installation) == []
    environment = run_environment(installation)
    assert environment["SPATIALCORE_STORE"] == "/data/store"
    assert environment["SPATIALCORE_FILES_URL"] == "https://results.lab"
    assert not [value for value in environment.values() if "prefect.blocks" in value]


def test_only_backends_with_key_files_have_their_own_class() -> None:
    with_files = {scheme for scheme in SCHEMES if backend_of(scheme).secret_files}
    assert with_files <= CLOUDS.keys() <= set(SCHEMES)


def test_a_google_store_on_a_machine_without_credentials_needs_no_block(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Runs use the platform's credentials."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    installation = Installation.from_environment({"SPATIALCORE_STORE": "gs://bucket/store"})
    assert save_blocks(installation) == []
    assert "FSSPEC_GS" not in run_environment(installation)
