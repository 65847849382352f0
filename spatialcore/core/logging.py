"""Loggers of the package, all below ``spatialcore``, and the handler that prints their messages by default.

The handler prints warnings and errors to stderr, and in notebooks below the cell. ``spatialcore.settings.verbosity``
changes the level. An application that adds handlers of its own, to the root logger or to ``spatialcore``, gets the
messages instead: no message is printed twice. The handler and the level that ``import celltypist`` gives the root
logger are not those of an application, and are passed over.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ROOT = "spatialcore"


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module of this package."""
    return logging.getLogger(name if name.startswith(ROOT) else f"{ROOT}.{name}")


class DefaultHandler(logging.Handler):
    """Prints to the current stderr, above progress bars, unless another handler receives the messages."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Print one message."""
        handlers = [item for item in logging.getLogger().handlers if _is_of_celltypist(item)]
        for handler in handlers:
            handler.addFilter(_is_of_another_package)
        is_below = bool(handlers) and record.levelno < (logging.getLogger(ROOT).level or logging.WARNING)
        if is_below or self._has_other_handlers():
            return
        tqdm = sys.modules.get("tqdm")
        if tqdm is None:
            print(self.format(record), file=sys.stderr)
        else:
            tqdm.tqdm.write(self.format(record), file=sys.stderr)

    def _has_other_handlers(self) -> bool:
        handlers = [*logging.getLogger(ROOT).handlers, *logging.getLogger().handlers]
        return any(
            handler is not self and not isinstance(handler, logging.NullHandler) and not _is_of_celltypist(handler)
            for handler in handlers
        )


def _is_of_celltypist(handler: logging.Handler) -> bool:
    """Return whether a handler of the root logger is the one that ``import celltypist`` adds."""
    layout = getattr(handler.formatter, "_fmt", None)
    return "celltypist.logger" in sys.modules and type(handler) is logging.StreamHandler and layout == "%(message)s"


def _is_of_another_package(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] != ROOT


def _install() -> DefaultHandler:
    """Add the handler, in place of that of an earlier import of this module."""
    logger = logging.getLogger(ROOT)
    logger.handlers[:] = [item for item in logger.handlers if type(item).__name__ != DefaultHandler.__name__]
    handler = DefaultHandler()
    logger.addHandler(handler)
    return handler


_HANDLER = _install()


def log_to_stderr(level: int = logging.INFO) -> None:
    """Print messages from a level on, with the time of day; for programs. The root logger is not changed."""
    _HANDLER.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logging.getLogger(ROOT).setLevel(level)


@contextmanager
def keep_root_logger() -> Iterator[None]:
    """Undo changes of the root logger's handlers and level, such as those that importing CellTypist makes."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
