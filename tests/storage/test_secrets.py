"""Lines of client libraries go through the same mask as ours."""

import logging

import pytest

from spatialcore.storage import connect, remember_secret

SECRET = "planted-in-a-client-library-1618"


def test_a_client_library_logs_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    remember_secret(SECRET)
    connect("memory://bucket/a")
    logger = logging.getLogger("gcsfs")
    try:
        raise OSError(f"refused: {SECRET}")
    except OSError:
        logger.exception("request with %s failed", SECRET)
    assert SECRET not in caplog.text
    assert "request with *** failed" in caplog.text
    assert "OSError: refused: ***" in caplog.text
