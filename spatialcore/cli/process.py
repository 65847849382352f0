"""The process of the command line: its output streams, and signals that end it."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn, TextIO

SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
SIGNALLED: Final = 128  # exit code of a process that ended by signal 0


def open_streams() -> None:
    """Make both output streams usable: those that are closed discard, and characters without a code are escaped."""
    sys.stdout, sys.stderr = _usable(sys.stdout), _usable(sys.stderr)


def _usable(stream: TextIO | None) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    return stream


def stop_cleanly() -> None:
    """Let a signal that ends the process remove its temporary files first, as an interrupt does."""
    for number in SIGNALS:
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores SIGHUP
            signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(SIGNALLED + number)
