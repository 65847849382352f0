"""Which files of a worker's own disk a run may read: who starts a run is not who owns the worker."""

import os
from pathlib import Path
from typing import Final

from spatialcore import storage
from spatialcore.errors import InputError

READ: Final = "SPATIALCORE_LOCAL_FOLDERS"
ACQUIRE: Final = "SPATIALCORE_ACQUIRE_FOLDERS"


def refuse_local(uri: str, variable: str = READ) -> None:
    """Raise if a source is a file of this machine that the worker's configuration does not allow.

    The store's own folder is always allowed to queries and references. Outside of the service, where no deployment
    has started the run, whoever runs the code reads what they can read.

    Parameters
    ----------
    uri
        A path or URI.
    variable
        The environment variable that names the folders, separated as in PATH: one for what is annotated and learned
        from, one for what is copied elsewhere.

    Raises
    ------
    InputError
        The file is in none of the folders, also when a link in one of them leads to it.
    """
    if storage.scheme_of(uri) != "file":
        return
    allowed = _allowed(variable)
    path = Path(storage.parse_uri(uri).path).resolve()
    if allowed is None or any(path.is_relative_to(folder) for folder in allowed):
        return
    listed = ", ".join(map(str, allowed)) or "none"
    raise InputError(
        f"{uri} is a path of the worker's machine, outside of the folders that runs may read there ({listed})",
        hint=f"upload the file to the bucket and give its s3:// or gs:// address, or have {variable} name its folder",
    )


def _allowed(variable: str) -> list[Path] | None:
    """Return the folders, or None for all."""
    text = os.environ.get(variable)
    if text is None and not _in_service():
        return None
    store = os.environ.get("SPATIALCORE_STORE", "") if variable == READ else ""
    names = [*(text or "").split(os.pathsep), store if storage.scheme_of(store) == "file" else ""]
    return [Path(name).expanduser().resolve() for name in names if name]


def _in_service() -> bool:
    from prefect.runtime import deployment

    return deployment.id is not None
