"""Timeouts of operations."""

import threading

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
