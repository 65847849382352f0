"""Parse and join URIs, and normalise them without secrets."""

from pathlib import Path

import pytest

from spatialcore.errors import InputError
from spatialcore.storage import canonical, is_writable, join, local_path, parse_uri


def test_parse_uri() -> None:
    assert parse_uri("s3://bucket/a/b.h5ad").path == "bucket/a/b.h5ad"
    assert parse_uri("gcs://bucket/b.h5ad").uri == "gs://bucket/b.h5ad"
    assert parse_uri("https://host/a/b.h5ad?x=1#top").name == "b.h5ad"
    assert parse_uri(Path("a.h5ad")).path == str(Path("a.h5ad").absolute())
    assert parse_uri("file:///data/a.h5ad").uri == "/data/a.h5ad"
    assert join("s3://bucket/a/", "b", "c.h5ad") == "s3://bucket/a/b/c.h5ad"


@pytest.mark.parametrize(
    ("uri", "hint"),
    [
        ("s4://b/k", "supported: .*s3://"),
        ("gss://b/k", "did you mean gs://"),
        ("s3://bucket", "bucket/path"),
        ("  ", "pass a path"),
    ],
)
def test_invalid_uri(uri: str, hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        parse_uri(uri)


def test_canonical_has_no_passwords_and_signatures() -> None:
    signed = "https://me:hunter22@Host.org/a b.h5ad?part=2&X-Amz-Signature=abc&X-Amz-Credential=def&Expires=9"
    assert canonical(signed) == "https://host.org/a%20b.h5ad?part=2"


@pytest.mark.parametrize("uri", ["s3://lab/a", "https://host/a", "cellxgene://hlca", "ftp://host/a", ""])
def test_no_local_path(uri: str) -> None:
    assert local_path(uri) is None


def test_local_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert local_path("a.h5ad") == local_path("file://a.h5ad") == local_path(tmp_path / "a.h5ad") == tmp_path / "a.h5ad"


@pytest.mark.parametrize(
    ("uri", "writable"),
    [("a", True), ("s3a://lab/a", True), ("memory://a", True), ("http://h/a", False), ("x://a", False)],
)
def test_is_writable(uri: str, writable: bool) -> None:
    assert is_writable(uri) == writable
