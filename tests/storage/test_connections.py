"""Options of the client libraries, and one file system per set of options."""

import pytest

from spatialcore.storage import connect, connection, redact, use_connection
from spatialcore.storage.connections import options_for


def test_longest_prefix_wins() -> None:
    with connection("s3://", key="all"), connection("s3://lab/", key="lab"):
        assert options_for("s3://lab/a") == {"key": "lab"}
        assert options_for("s3://other/a") == {"key": "all"}
        assert options_for("gs://lab/a") == {}
    assert options_for("s3://lab/a") == {}


def test_block_overrides_the_process() -> None:
    use_connection("s3://lab/", endpoint_url="http://process")
    try:
        with connection("s3://lab/", endpoint_url="http://block"):
            assert options_for("s3://lab/a") == {"endpoint_url": "http://block"}
        assert options_for("s3://lab/a") == {"endpoint_url": "http://process"}
    finally:
        use_connection("s3://lab/")
    assert options_for("s3://lab/a") == {}


def test_one_file_system_for_one_set_of_options(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = connect("s3://lab/a")
    assert connect("s3://other/b")[0] is first
    with connection("s3://lab/", endpoint_url="http://127.0.0.1:9"):
        assert connect("s3://lab/a")[0] is not first
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert connect("s3://lab/a")[0] is not first


def test_secret_options_are_masked() -> None:
    nested = {"aws_session_token": "planted-token"}
    with connection(
        "s3://lab/", key="planted-key", client_kwargs=nested, account_key="planted-0", region="eu-central-1"
    ):
        assert redact("planted-key planted-token planted-0 eu-west") == "*** *** *** eu-west"
