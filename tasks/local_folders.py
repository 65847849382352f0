"""Restrict the local files that a run of the service may read on a worker's machine."""

import os
from pathlib import Path
from typing import Final

from spatialcore import storage
from spatialcore.core.on_disk.containers import links_out
from spatialcore.errors import InputError

READ: Final = "SPATIALCORE_LOCAL_FOLDERS"
ACQUIRE: Final = "SPATIALCORE_ACQUIRE_FOLDERS"


def refuse_local(uri: str, variable: str = READ, *, contents: bool = True) -> None:
    """Raise if a local file is outside the folders that the worker's configuration allows.

    Queries and references in the store are always allowed. A run that no deployment started, such as a flow called
    from Python, may read every file.

    Parameters
    ----------
    uri
        A path or URI; remote URIs are always allowed.
    variable
        The environment variable that lists the folders, separated as in ``PATH``: ``READ`` for queries and
        references, ``ACQUIRE`` for references that are copied elsewhere.
    contents
        Whether links inside a folder are checked, too.

    Raises
    ------
    InputError
        The file, or a link inside the folder, leads to none of the folders.
    """
    if storage.scheme_of(uri) != "file":
        return
    allowed = _allowed(variable)
    path = Path(storage.parse_uri(uri).path).resolve()
    if allowed is None:
        return
    link = next(links_out(path, allowed), None) if contents and path.is_dir() else None
    if link is None and any(path.is_relative_to(folder) for folder in allowed):
        return
    listed = ", ".join(map(str, allowed)) or "none"
    raise InputError(
        f"{uri}{'' if link is None else f': {link}'} is on the worker's machine, outside the folders that runs may "
        f"read ({listed})",
        hint=f"upload the file to the bucket and enter its s3:// or gs:// URI, or add its folder to {variable}",
    )


def _allowed(variable: str) -> list[Path] | None:
    """Return the allowed folders; None: all."""
    text = os.environ.get(variable)
    if text is None and not _in_service():
        return None
    store = os.environ.get("SPATIALCORE_STORE", "") if variable == READ else ""
    names = [*(text or "").split(os.pathsep), store if storage.scheme_of(store) == "file" else ""]
    return [Path(name).expanduser().resolve() for name in names if name]


def _in_service() -> bool:
    from prefect.runtime import deployment

    return deployment.id is not None
