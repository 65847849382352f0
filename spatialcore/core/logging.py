"""Loggers of the package, all below ``spatialcore``; the application configures handlers and levels."""

import logging
import sys

ROOT = "spatialcore"


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module of this package."""
    return logging.getLogger(name if name.startswith(ROOT) else f"{ROOT}.{name}")


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send the messages of this package to stderr. Adds one handler, and does not touch the root logger."""
    logger = logging.getLogger(ROOT)
    if not any(getattr(handler, "spatialcore", False) for handler in logger.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
        handler.spatialcore = True  # type: ignore[attr-defined]
        logger.addHandler(handler)
    logger.setLevel(level)


logging.getLogger(ROOT).addHandler(logging.NullHandler())
