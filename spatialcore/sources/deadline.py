"""Timeouts for calls of client libraries that have none."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, operation: Callable[[], T]) -> T:
    """Run an operation with a timeout.

    The operation runs in a daemon thread. After a timeout the thread is not stopped; it ends with the process.

    Parameters
    ----------
    seconds
        Timeout.
    operation
        Function without arguments.

    Returns
    -------
    The result of the operation.

    Raises
    ------
    TimeoutError
        The operation takes longer than the timeout.

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

    threading.Thread(target=work, daemon=True).start()
    if not wait([future], timeout=seconds).done:
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    return future.result()
