"""One spelling for one place, and no secrets in it."""

from pathlib import Path

import pytest

from spatialcore.errors import InputError
from spatialcore.storage import canonical, join, parse_uri
from spatialcore.storage.secrets import redact, remember_secret


def test_places() -> None:
    assert parse_uri("s3://bucket/a/b.h5ad").path == "bucket/a/b.h5ad"
    assert parse_uri("gcs://bucket/b.h5ad").uri == "gs://bucket/b.h5ad"
    assert parse_uri("https://host/a/b.h5ad?x=1#top").name == "b.h5ad"
    assert parse_uri(Path("a.h5ad")).path == str(Path("a.h5ad").absolute())
    assert parse_uri("file:///data/a.h5ad").uri == "/data/a.h5ad"
    assert join("s3://bucket/a/", "b", "c.h5ad") == "s3://bucket/a/b/c.h5ad"


@pytest.mark.parametrize(
    ("uri", "hint"), [("s4://b/k", "s3://"), ("s3://bucket", "bucket/path"), ("  ", "pass a path")]
)
def test_what_is_no_place(uri: str, hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        parse_uri(uri)


def test_canonical_drops_passwords_and_signatures() -> None:
    signed = "https://me:hunter22@Host.org/a b.h5ad?part=2&X-Amz-Signature=abc&X-Amz-Credential=def&Expires=9"
    assert canonical(signed) == "https://host.org/a%20b.h5ad?part=2"


def test_redaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted/secret")
    remember_secret("told-secret", None, "abc")
    text = redact("planted/secret told-secret abc https://u:p4ss@h/?sig=zzz&a=1 Authorization: Bearer eyJ.x-y")
    assert text == "*** *** abc https://***@h/?sig=***&a=1 Authorization: Bearer ***"
