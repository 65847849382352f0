"""Loggers of the package and the handler that prints by default."""

import logging
import subprocess
import sys

import pytest

from spatialcore.core.logging import get_logger

LOG = "from spatialcore.core.logging import get_logger; log = get_logger('spatialcore.test');"
SAY = "log.info('hidden by default'); log.warning('removed %d cells', 3)"


def stderr_of(code: str) -> list[str]:
    process = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout == ""
    return process.stderr.splitlines()


def test_loggers_are_below_the_package() -> None:
    assert get_logger("spatialcore.io.read").name == "spatialcore.io.read"
    assert get_logger("flows.demo").name == "spatialcore.flows.demo"


def test_warnings_are_printed_by_default() -> None:
    assert stderr_of(f"{LOG} {SAY}") == ["WARNING: removed 3 cells"]


def test_verbosity_prints_more_or_less() -> None:
    info = f"import spatialcore; spatialcore.settings.verbosity = 'info'; {LOG} {SAY}"
    assert stderr_of(info) == ["INFO: hidden by default", "WARNING: removed 3 cells"]
    assert stderr_of(info.replace("'info'", "'error'", 1)) == []


def test_no_message_is_printed_twice_when_an_application_logs() -> None:
    configured = f"import logging; logging.basicConfig(format='app %(message)s'); {LOG} {SAY}"
    assert stderr_of(configured) == ["app removed 3 cells"]
    reloaded = f"import importlib, spatialcore.core.logging as module; importlib.reload(module); {LOG} {SAY}"
    assert stderr_of(reloaded) == ["WARNING: removed 3 cells"]


def test_programs_print_the_time() -> None:
    (line,) = stderr_of(f"from spatialcore.core.logging import log_to_stderr; log_to_stderr(30); {LOG} {SAY}")
    assert line.split(" ", 1)[1] == "WARNING removed 3 cells"


def test_messages_are_printed_above_progress_bars() -> None:
    code = f"from tqdm import tqdm; bar = tqdm(total=2, desc='bar'); bar.update(1); {LOG} {SAY}; bar.close()"
    assert "WARNING: removed 3 cells" in [line.split("\r")[-1] for line in stderr_of(code)]


def test_importing_celltypist_does_not_change_logging() -> None:
    code = (
        "import logging; from spatialcore.core.logging import keep_root_logger\n"
        "with keep_root_logger():\n    import celltypist\n"
        f"{LOG} {SAY}; root = logging.getLogger(); assert (root.level, root.handlers) == (30, [])"
    )
    assert stderr_of(code) == ["WARNING: removed 3 cells"]


@pytest.mark.parametrize("first", ["import celltypist", "import spatialcore"])
def test_a_user_who_imports_celltypist_sees_the_same_messages(first: str) -> None:
    by_default = f"{first}; import spatialcore, celltypist; {LOG} {SAY}; celltypist.logger.info('of celltypist')"
    code = f"{by_default}; spatialcore.settings.verbosity = 'info'; {SAY}"
    messages = ["WARNING: removed 3 cells", "of celltypist", "INFO: hidden by default", "WARNING: removed 3 cells"]
    assert stderr_of(code) == messages


def test_pytest_receives_messages(caplog: pytest.LogCaptureFixture) -> None:
    get_logger("spatialcore.test").warning("removed %d cells", 3)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
