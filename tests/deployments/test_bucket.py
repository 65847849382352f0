"""The bucket of the store on an S3 server."""

import pytest

from deployments import bucket
from spatialcore import storage
from spatialcore.storage.uri import connect


def test_a_bucket_is_created_once(s3: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SPATIALCORE_STORE", "s3://a-new-bucket/store")
    assert not connect("s3://a-new-bucket/x")[0].exists("a-new-bucket")
    bucket.main()
    storage.put_text("content", "s3://a-new-bucket/store/a.txt")
    bucket.main()
    assert capsys.readouterr().out == "bucket       a-new-bucket\n" * 2
    assert storage.read_text("s3://a-new-bucket/store/a.txt") == "content"


def test_a_folder_needs_no_bucket(tmp_path: str) -> None:
    assert bucket.create_bucket(str(tmp_path), "") == "none: the store is a folder"


def test_an_invalid_environment_gives_an_error_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_RUNS_AT_ONCE", "0")
    with pytest.raises(SystemExit, match="SPATIALCORE_RUNS_AT_ONCE=0: expected a positive integer"):
        bucket.main()
