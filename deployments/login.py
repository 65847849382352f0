"""The login of a service on one machine: random, and in a file that only its owner can read."""

import base64
import os
import secrets
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FILE: Final = "login"
USER: Final = "admin"
SERVER_LOGIN: Final = "PREFECT_SERVER_API_AUTH_STRING"
CLIENT_LOGIN: Final = "PREFECT_API_AUTH_STRING"
# Where the UI of Prefect 3 keeps the login: in the browser's storage for this origin.
_STORAGE_KEY: Final = "prefect-password"
_PAGE: Final = "open.html"
# The login comes after the '#', which a browser sends to no server and this page removes from the address.
_SIGN_IN: Final = f"""<!doctype html><meta charset="utf-8"><title>SpatialCore</title>
<script>
const login = location.hash.slice(1);
if (login) localStorage.setItem("{_STORAGE_KEY}", login);
location.replace("/deployments");
</script>
"""
_REDIRECT: Final = """<!doctype html><meta charset="utf-8"><title>SpatialCore</title>
<meta http-equiv="refresh" content="0;url={url}">
"""


def ensure_private(folder: Path) -> None:
    """Create a folder, and let nobody but its owner enter it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def ensure_login(folder: Path) -> tuple[str, bool]:
    """Return the login in a folder, and whether it has just been created.

    Parameters
    ----------
    folder
        Where the file ``login`` is, or will be; readable by its owner alone.

    Returns
    -------
    tuple
        ``user:password``, and True at the first start.
    """
    file = folder / FILE
    if file.is_file() and (login := file.read_text().strip()):
        file.chmod(0o600)
        return login, False
    login = f"{USER}:{secrets.token_urlsafe(18)}"
    _write_private(file, login + "\n")
    return login, True


def login_of(environment: Mapping[str, str] = os.environ) -> str:
    """Return the login that a server of results asks for: its own, else that of the API."""
    names = ("SPATIALCORE_FILES_LOGIN", SERVER_LOGIN, CLIENT_LOGIN)
    return next((environment[name] for name in names if environment.get(name)), "")


def login_environment(login: str) -> dict[str, str]:
    """Return what makes a server ask for a login, and its clients send it."""
    return {SERVER_LOGIN: login, CLIENT_LOGIN: login}


def add_sign_in_page(static: Path) -> None:
    """Write the page of the UI that takes the login from its address and goes on to the deployments."""
    (static / _PAGE).write_text(_SIGN_IN)


def open_ui(url: str, login: str, folder: Path) -> bool:
    """Open the UI with the login filled in; say whether a browser was started.

    The login stands in a file that only the owner can read: other users of the machine see the arguments of commands.

    Parameters
    ----------
    url
        Address of the server, without a path.
    login
        ``user:password``.
    folder
        Where the file goes.
    """
    if not _has_screen():
        return False
    file = folder / _PAGE
    token = base64.b64encode(login.encode()).decode()
    _write_private(file, _REDIRECT.format(url=f"{url}/{_PAGE}#{token}"))
    return webbrowser.open(file.as_uri())


def _has_screen() -> bool:
    screen = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return screen and sys.stdout.isatty() and "SSH_CONNECTION" not in os.environ


def _write_private(file: Path, text: str) -> None:
    """Write a file that was never readable by anybody else, not even for a moment."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(text)
