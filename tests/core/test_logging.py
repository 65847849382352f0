"""Loggers of the package and the handler for stderr."""

import logging

from spatialcore.core.logging import get_logger, log_to_stderr


def test_loggers_are_below_the_package():
    assert get_logger("spatialcore.io.read").name == "spatialcore.io.read"
    assert get_logger("flows.demo").name == "spatialcore.flows.demo"


def test_one_handler_is_added(capsys):
    logger = logging.getLogger("spatialcore")
    handlers, level = list(logger.handlers), logger.level
    logger.handlers = []
    try:
        log_to_stderr(logging.WARNING)
        log_to_stderr(logging.WARNING)
        get_logger("spatialcore.test").warning("removed %d cells", 3)
        get_logger("spatialcore.test").info("hidden")
    finally:
        logger.handlers = handlers
        logger.setLevel(level)
    assert [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()] == ["WARNING removed 3 cells"]
