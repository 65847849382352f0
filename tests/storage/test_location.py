"""What a location tells of its file, and its requests."""

from pathlib import Path

import pytest

from spatialcore.errors import StorageError
from spatialcore.storage import parse_uri


def test_local_and_remote_locations() -> None:
    local, remote = parse_uri("/data/a.h5ad"), parse_uri("az://lab/samples/a.h5ad")
    assert (local.is_local, local.local_path, local.bucket) == (True, Path("/data/a.h5ad"), "")
    assert (remote.is_local, remote.local_path, remote.bucket) == (False, None, "lab")
    assert remote.backend is parse_uri("abfs://other/a").backend


def test_attempt_names_the_request() -> None:
    def denied() -> None:
        raise PermissionError("denied")

    with pytest.raises(StorageError, match=r"access denied: get https://host/a: (.|\n)*requires a sign-in"):
        parse_uri("https://me:planted-password@host/a").attempt("get", denied)
