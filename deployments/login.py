"""The login of a service on one machine: random, in a file that only its owner can read."""

import base64
import os
import secrets
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deployments.ui.pages import SIGN_IN

FILE: Final = "login"
USER: Final = "admin"
SERVER_LOGIN: Final = "PREFECT_SERVER_API_AUTH_STRING"
CLIENT_LOGIN: Final = "PREFECT_API_AUTH_STRING"
_REDIRECT: Final = """<!doctype html><meta charset="utf-8"><title>SpatialCore</title>
<meta http-equiv="refresh" content="0;url={url}">
"""


def ensure_private(folder: Path) -> None:
    """Create a folder that only its owner can enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def ensure_login(folder: Path) -> tuple[str, bool]:
    """Return the login in a folder; create it at the first start.

    Parameters
    ----------
    folder
        Folder of the file ``login``, which only its owner can read.

    Returns
    -------
    tuple of str and bool
        ``user:password``, and whether it was created.
    """
    file = folder / FILE
    if file.is_file() and (login := file.read_text().strip()):
        file.chmod(0o600)
        return login, False
    login = f"{USER}:{secrets.token_urlsafe(18)}"
    _write_private(file, login + "\n")
    return login, True


def login_of(environment: Mapping[str, str] = os.environ) -> str:
    """Return the login of the results server: its own, else that of the API; empty without one."""
    names = ("SPATIALCORE_FILES_LOGIN", SERVER_LOGIN, CLIENT_LOGIN)
    return next((environment[name] for name in names if environment.get(name)), "")


def login_environment(login: str) -> dict[str, str]:
    """Return the environment variables with which a server requires a login and its clients send it."""
    return {SERVER_LOGIN: login, CLIENT_LOGIN: login}


def open_ui(url: str, login: str, folder: Path) -> bool:
    """Open the UI in a browser, signed in.

    The login is passed in a file that only its owner can read, because other users of the machine can see the
    arguments of commands.

    Parameters
    ----------
    url
        URL of the server, without a path.
    login
        ``user:password``.
    folder
        Folder for the file.

    Returns
    -------
    bool
        Whether a browser was started.
    """
    if not _has_screen():
        return False
    file = folder / SIGN_IN
    token = base64.b64encode(login.encode()).decode()
    _write_private(file, _REDIRECT.format(url=f"{url}/{SIGN_IN}#{token}"))
    return webbrowser.open(file.as_uri())


def _has_screen() -> bool:
    screen = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return screen and sys.stdout.isatty() and "SSH_CONNECTION" not in os.environ


def _write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, from its creation on."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(text)
