"""Timeouts for calls of client libraries that have none."""

import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Final, TypeVar

T = TypeVar("T")
_CHECK: Final = 1.0  # seconds between two looks at the progress


def within(seconds: float, operation: Callable[[], T], progress: Callable[[], object] = lambda: None) -> T:
    """Run an operation with a timeout.

    The operation runs in a daemon thread. After a timeout the thread is not stopped; it ends with the process.

    Parameters
    ----------
    seconds
        Timeout.
    operation
        Function without arguments.
    progress
        Returns a value that changes while the operation makes progress, such as the bytes that have arrived: the time
        then starts anew.

    Returns
    -------
    The result of the operation.

    Raises
    ------
    TimeoutError
        The operation takes longer than the timeout, or makes no progress for that long.

    Examples
    --------
    >>> within(10.0, lambda: 1 + 1)
    2
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(operation())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the caller
            future.set_exception(error)

    threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
    state, deadline = progress(), time.monotonic() + seconds
    while not wait([future], timeout=min(_CHECK, max(0.0, deadline - time.monotonic()))).done:
        if (now := progress()) != state:
            state, deadline = now, time.monotonic() + seconds
        elif time.monotonic() >= deadline:
            raise TimeoutError(f"no answer within {seconds:.0f} s")
    return future.result()
