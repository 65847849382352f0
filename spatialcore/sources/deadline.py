"""Timeouts for calls of client libraries that have none."""

import queue
import threading
from collections.abc import Callable
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
    results: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            results.put((operation(), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the caller
            results.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        result, error = results.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:.0f} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
