"""A time limit for client libraries that know none."""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, operation: Callable[[], T]) -> T:
    """Run an operation and stop waiting for it after a while.

    The thread that hangs is left to the end of the process; it holds nothing of ours.

    Raises
    ------
    TimeoutError
        If it takes longer.
    """
    answer: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            answer.put((operation(), None))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, whatever it is
            answer.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        result, error = answer.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:.0f} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
