"""Timeouts of operations."""

import threading
import time

import pytest

from spatialcore.sources.deadline import within


def test_result_and_error_of_the_operation() -> None:
    assert within(10, lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 // 0)


def test_timeout() -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError, match="no answer within 0 s"):
        within(0.05, release.wait)
    release.set()


def test_progress_extends_the_time() -> None:
    begun = time.monotonic()
    assert within(1.5, lambda: time.sleep(3.5), progress=lambda: int(2 * (time.monotonic() - begun))) is None
    with pytest.raises(TimeoutError):
        within(0.5, lambda: time.sleep(30), progress=lambda: 7)
