"""A home folder of the session's own: what tests run, in this process or in others, leaves the user's alone.

The library, and most of what it stands on, goes by ``HOME``: caches, locks, profiles, credentials. A watch makes sure
that nothing gets past it: a write into the user's home, or a program started without the session's, fails the test.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

_NOTE = "SPATIALCORE_TESTS_USERS_HOME"  # tells the session's other processes that it has moved
_NAMING_FOLDERS = (
    "CELLTYPIST_FOLDER",
    "MPLCONFIGDIR",
    "PREFECT_HOME",
    "SYNAPSE_CONFIG",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
)
_CHANGED = {  # which arguments of an audit event name places that it changes
    "os.link": slice(1, 2),
    "os.mkdir": slice(1),
    "os.remove": slice(1),
    "os.rename": slice(2),
    "os.rmdir": slice(1),
    "os.symlink": slice(1, 2),
    "sqlite3.connect": slice(1),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

USERS_HOME = Path(os.environ.get(_NOTE) or Path.home())
_IN_HOME = f"{USERS_HOME}/"
# what may lie in a home and is none: the checkout, Python and its packages, the place of temporary files
_NO_HOME = tuple(
    f"{folder}/" for folder in (Path(__file__).parents[1], sys.prefix, sys.base_prefix, tempfile.gettempdir())
)
_trespasses: list[str] = []


def move() -> None:
    """Give this process and those it starts the session's home, and watch over the user's."""
    if _NOTE not in os.environ:
        home = tempfile.mkdtemp(prefix="spatialcore-tests-home-")
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        for name in _NAMING_FOLDERS:
            os.environ.pop(name, None)
        os.environ |= {_NOTE: str(USERS_HOME), "HOME": home}
    sys.addaudithook(_watch)


def trespasses() -> list[str]:
    """Return what was kept from happening to the user's home since the last call."""
    trespasses = _trespasses.copy()
    _trespasses.clear()
    return trespasses


def users_tools() -> dict[str, str]:
    """Return an environment in which uv and npm have the user's settings and the packages that lie at hand."""
    places = {
        "XDG_CACHE_HOME": ".cache",
        "XDG_CONFIG_HOME": ".config",
        "npm_config_cache": ".npm",
        "npm_config_userconfig": ".npmrc",
    }
    return os.environ | {name: str(USERS_HOME / folder) for name, folder in places.items()}


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if flags & _WRITING:
            _forbid_in_home(event, path)
    elif event in _CHANGED:
        for path in arguments[_CHANGED[event]]:
            _forbid_in_home(event, path)
    elif event == "subprocess.Popen":
        program, _, _, environment = arguments
        _forbid_users_home(program, os.environ if environment is None else environment)


def _forbid_in_home(event: str, path: Any) -> None:
    if isinstance(path, int):  # a file that is open already
        return
    file = str(Path(os.fsdecode(path)).absolute())
    if file.startswith(_IN_HOME) and not file.startswith(_NO_HOME) and "__pycache__" not in file:
        _forbid(f"{event} {file}")


def _forbid_users_home(program: Any, environment: Any) -> None:
    if environment.get("HOME") in {None, str(USERS_HOME)}:
        _forbid(f"{program} was started with the user's home: pass it os.environ, or a HOME")


def _forbid(what: str) -> None:
    """Keep it from happening, and remember it: the code under test may take the error for one of its own."""
    _trespasses.append(what)
    raise PermissionError(f"a test touches the user's home: {what}")
