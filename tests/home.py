"""A temporary home folder for the test session; writes to the user's home folder are forbidden.

The library and its dependencies find caches, locks, profiles and credentials through ``HOME``. An audit hook checks
this: a write to the user's home, or a program started with it as ``HOME``, raises an error and fails the test.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

_USERS_HOME_VARIABLE = "SPATIALCORE_TESTS_USERS_HOME"  # set for child processes, which keep the temporary home
_FOLDER_VARIABLES = (
    "CELLTYPIST_FOLDER",
    "MPLCONFIGDIR",
    "PREFECT_HOME",
    "SYNAPSE_CONFIG",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
)
_PATH_ARGUMENTS = {  # audit event -> the arguments that are paths it changes
    "os.link": slice(1, 2),
    "os.mkdir": slice(1),
    "os.remove": slice(1),
    "os.rename": slice(2),
    "os.rmdir": slice(1),
    "os.symlink": slice(1, 2),
    "sqlite3.connect": slice(1),
}
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT

USERS_HOME = Path(os.environ.get(_USERS_HOME_VARIABLE) or Path.home())
_IN_HOME = f"{USERS_HOME}/"
# folders that may be in the home folder and are allowed: the checkout, Python and its packages, temporary files
_ALLOWED_FOLDERS = tuple(
    f"{folder}/" for folder in (Path(__file__).parents[1], sys.prefix, sys.base_prefix, tempfile.gettempdir())
)
_violations: list[str] = []


def use_temporary_home() -> None:
    """Set a temporary home for this process and its children, and forbid writes to the user's home."""
    if _USERS_HOME_VARIABLE not in os.environ:
        home = tempfile.mkdtemp(prefix="spatialcore-tests-home-")
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        for name in _FOLDER_VARIABLES:
            os.environ.pop(name, None)
        os.environ |= {_USERS_HOME_VARIABLE: str(USERS_HOME), "HOME": home}
    sys.addaudithook(_audit)


def violations() -> list[str]:
    """Return the forbidden operations since the last call."""
    violations = _violations.copy()
    _violations.clear()
    return violations


def package_manager_environment() -> dict[str, str]:
    """Return an environment in which uv and npm use the user's settings and package caches."""
    folders = {
        "XDG_CACHE_HOME": ".cache",
        "XDG_CONFIG_HOME": ".config",
        "npm_config_cache": ".npm",
        "npm_config_userconfig": ".npmrc",
    }
    return os.environ | {name: str(USERS_HOME / folder) for name, folder in folders.items()}


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if flags & _WRITE_FLAGS:
            _forbid_in_home(event, path)
    elif event in _PATH_ARGUMENTS:
        for path in arguments[_PATH_ARGUMENTS[event]]:
            _forbid_in_home(event, path)
    elif event == "subprocess.Popen":
        program, _, _, environment = arguments
        _forbid_users_home(program, os.environ if environment is None else environment)


def _forbid_in_home(event: str, path: Any) -> None:
    if isinstance(path, int):  # a file descriptor
        return
    file = str(Path(os.fsdecode(path)).absolute())
    if file.startswith(_IN_HOME) and not file.startswith(_ALLOWED_FOLDERS) and "__pycache__" not in file:
        _forbid(f"{event} {file}")


def _forbid_users_home(program: Any, environment: Any) -> None:
    if environment.get("HOME") in {None, str(USERS_HOME)}:
        _forbid(f"{program} was started with the user's home: pass it os.environ, or a HOME")


def _forbid(operation: str) -> None:
    """Record the operation and raise an error. The record remains when the code under test catches the error."""
    _violations.append(operation)
    raise PermissionError(f"a test touches the user's home: {operation}")
