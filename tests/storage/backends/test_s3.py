"""S3: entity tags, settings of other libraries, and request headers."""

import base64
import hashlib
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.session import get_session
from fsspec.config import conf

from spatialcore import storage
from spatialcore.errors import DependencyError
from spatialcore.storage.backends.s3 import S3Backend, has_credentials
from tests.contract.faulty_proxy import Proxy
from tests.contract.servers import BUCKET, KEY, SECRET
from tests.storage.backends.contract import StoreContract

MD5 = "9e107d9d372bb6826bd81d3542a419d6"


class TestS3(StoreContract):
    @pytest.fixture
    def root(self, s3: str) -> str:
        return f"s3://{BUCKET}/{uuid.uuid4().hex}"


@pytest.mark.parametrize(
    ("info", "md5"),
    [
        ({"ETag": f'"{MD5}"'}, MD5),
        ({"ETag": f'"{MD5}-3"'}, ""),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "AES256"}, MD5),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "aws:kms"}, ""),
    ],
)
def test_entity_tag_is_an_md5_unless_sent_in_parts_or_encrypted(info: dict[str, str], md5: str) -> None:
    stat = S3Backend("s3").stat_of({**info, "size": "7"})
    assert (stat.md5, stat.size) == (md5, 7)
    assert stat.token == stat.etag == info["ETag"].strip('"')


def test_tiledb_config(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    backend = S3Backend("s3")
    assert backend.tiledb_config() == {"vfs.s3.no_sign_request": "false", "vfs.s3.region": "us-east-1"}
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/")
    config = backend.tiledb_config()
    assert (config["vfs.s3.region"], config["vfs.s3.scheme"]) == ("eu-central-1", "http")
    assert config["vfs.s3.endpoint_override"] == "127.0.0.1:9000"


def test_requests_carry_their_md5(proxied_s3: Proxy, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"cells" * 1_000)
    storage.put(tmp_path / "file", f"s3://{BUCKET}/{uuid.uuid4().hex}/file")
    sent = [headers["Content-MD5"] for method, path, headers in proxied_s3.requests if method == "PUT"]
    assert len(sent) == 2, "one part and the manifest"
    assert sent[0] == base64.b64encode(hashlib.md5(b"cells" * 1_000).digest()).decode()


@pytest.mark.parametrize(("parts", "methods"), [(1, ["PUT", "PUT"]), (2, ["PUT", "HEAD", "PUT"])])
def test_a_copy_is_compared_by_entity_tags_where_these_are_md5s(
    proxied_s3: Proxy, tmp_path: Path, parts: int, methods: list[str]
) -> None:
    """A copy and a manifest. The version is read only after a copy of a multipart object."""
    (tmp_path / "file").write_bytes(b"cells" * (parts - 1) * (1 << 20) + b"cells")
    root = f"s3://{BUCKET}/{uuid.uuid4().hex}"
    original = storage.put(tmp_path / "file", f"{root}/file")
    assert original.token.endswith(f"-{parts}")
    proxied_s3.requests.clear()
    copied = storage.copy(original, f"{root}/copy")
    assert [method for method, _, _ in proxied_s3.requests] == methods
    assert storage.read_bytes(copied.uri) == (tmp_path / "file").read_bytes()


def test_small_object_is_read_in_one_request(proxied_s3: Proxy) -> None:
    uri = storage.put_text("cells", f"s3://{BUCKET}/{uuid.uuid4().hex}/file").uri
    proxied_s3.requests.clear()
    assert storage.read_text(uri) == "cells"
    assert [method for method, _, _ in proxied_s3.requests] == ["GET"]


@pytest.fixture
def without_keys(proxied_s3: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """Return a proxy to the S3 server. Neither the environment nor an instance profile provides credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return proxied_s3


def test_requests_are_signed_with_credentials(proxied_s3: Proxy) -> None:
    uri = storage.put_text("cells", f"s3://{BUCKET}/{uuid.uuid4().hex}/file").uri
    proxied_s3.requests.clear()
    storage.read_text(uri)
    assert all("Authorization" in headers for _, _, headers in proxied_s3.requests)


def test_a_public_bucket_is_read_without_credentials(s3: str, without_keys: Proxy, tmp_path: Path) -> None:
    client = get_session().create_client("s3", endpoint_url=s3, aws_access_key_id=KEY, aws_secret_access_key=SECRET)
    bucket = f"public-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=bucket, ACL="public-read")
    client.put_object(Bucket=bucket, Key="atlas/file", Body=b"cells", ACL="public-read")
    without_keys.requests.clear()
    storage.get(f"s3://{bucket}/atlas/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"cells"
    assert without_keys.requests
    assert not any("Authorization" in headers for _, _, headers in without_keys.requests)


@pytest.mark.parametrize("options", [{"anon": True}, {"key": "a", "secret": "b"}, {"profile": "lab"}])
def test_options_that_give_credentials(options: dict[str, object]) -> None:
    assert has_credentials(options)


def test_the_configuration_of_fsspec_gives_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(conf, "s3", {"anon": True})
    assert has_credentials({})


def test_missing_client_library(hide_package: Callable[[str], None]) -> None:
    hide_package("s3fs")
    with pytest.raises(DependencyError, match=r"boto3 is needed for s3:// URIs(.|\n)*spatialcore-celltyping\[s3\]"):
        storage.exists("s3://bucket/key")
