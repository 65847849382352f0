"""S3: entity tags, settings of other libraries, and what the requests carry."""

import base64
import hashlib
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import DependencyError
from spatialcore.storage.backends.s3 import S3Backend
from tests.contract.faulty_proxy import Proxy
from tests.contract.servers import BUCKET
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


def test_requests_carry_their_md5(s3_behind: Proxy, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"cells" * 1_000)
    storage.put(tmp_path / "file", f"s3://{BUCKET}/{uuid.uuid4().hex}/file")
    sent = [headers["Content-MD5"] for method, path, headers in s3_behind.requests if method == "PUT"]
    assert len(sent) == 2, "one part, and the manifest"
    assert sent[0] == base64.b64encode(hashlib.md5(b"cells" * 1_000).digest()).decode()


def test_small_object_is_read_in_one_request(s3_behind: Proxy) -> None:
    uri = storage.put_text("cells", f"s3://{BUCKET}/{uuid.uuid4().hex}/file").uri
    s3_behind.requests.clear()
    assert storage.read_text(uri) == "cells"
    assert [method for method, _, _ in s3_behind.requests] == ["GET"]


def test_missing_client_library(hide_package: Callable[[str], None]) -> None:
    hide_package("s3fs")
    with pytest.raises(DependencyError, match=r"boto3 is needed for s3:// URIs(.|\n)*spatialcore-celltyping\[s3\]"):
        storage.exists("s3://bucket/key")
