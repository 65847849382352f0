"""Uploads to S3 in parts, with a client with prepared answers."""

import hashlib
from types import SimpleNamespace

import pytest

from spatialcore.errors import TransientStorageError
from spatialcore.storage.backends.s3_upload import PartUpload, as_base64, etags_are_md5s

PART = b"cells"
MD5 = hashlib.md5(PART).hexdigest()


def upload_with(answers: list[dict[str, str] | Exception], *, etags_are_md5s: bool = True) -> PartUpload:
    """Return an upload whose requests are answered in this order, and recorded in ``system.requests``."""
    requests: list[tuple[str, dict[str, object]]] = []

    def call_s3(method: str, **arguments: object) -> dict[str, str]:
        requests.append((method, arguments))
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    names = {"Bucket": "lab", "Key": "a", "UploadId": "1"}
    system = SimpleNamespace(call_s3=call_s3, requests=requests)
    return PartUpload(system, "lab/a", names, "put s3://lab/a", "sign in", etags_are_md5s)


def test_a_part_that_arrives_altered_is_sent_again() -> None:
    upload = upload_with([{"ETag": '"00"'}, ConnectionResetError(), {"ETag": f'"{MD5}"'}])
    assert upload.send(3, PART) == (f'"{MD5}"', bytes.fromhex(MD5))
    assert [method for method, _ in upload.system.requests] == ["upload_part"] * 3
    arguments = upload.system.requests[-1][1]
    assert (arguments["PartNumber"], arguments["UploadId"]) == (3, "1")
    assert arguments["ContentMD5"] == as_base64(bytes.fromhex(MD5))


def test_a_part_that_always_arrives_altered_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "2")
    with pytest.raises(TransientStorageError, match="part 1 has checksum"):
        upload_with([{"ETag": '"00"'}] * 2).send(1, PART)


def test_entity_tags_that_are_no_md5s_are_not_compared() -> None:
    assert upload_with([{"ETag": '"00"'}], etags_are_md5s=False).send(1, PART)[0] == '"00"'
    assert etags_are_md5s({})
    assert etags_are_md5s({"ServerSideEncryption": "AES256"})
    assert not etags_are_md5s({"ServerSideEncryption": "aws:kms"})
    assert not etags_are_md5s({"SSECustomerAlgorithm": "AES256"})


def test_parts_are_completed_in_their_order() -> None:
    upload = upload_with([{"ETag": '"joined-2"'}])
    assert upload.complete(["a", "b"]) == "joined-2"
    parts = [{"PartNumber": 1, "ETag": "a"}, {"PartNumber": 2, "ETag": "b"}]
    assert upload.system.requests[0][1]["MultipartUpload"] == {"Parts": parts}


def test_parts_that_cannot_be_removed_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    upload_with([FileNotFoundError("no such upload")]).abort()
    assert caplog.text == ""
    upload_with([PermissionError("denied")]).abort()
    assert "could not remove an unfinished upload" in caplog.text
