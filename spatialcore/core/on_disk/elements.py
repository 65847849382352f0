"""Check that anndata can read every element of a file, from its structure: no values are read."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from anndata.experimental import read_dispatched

from spatialcore.core.on_disk.containers import READ_ERRORS
from spatialcore.core.on_disk.frames import frame_length
from spatialcore.core.types import StoredGroup
from spatialcore.errors import InputError

GROUPS = ("dict", "", "null")
LEGACY_SPARSE = "h5sparse_format"


def require_elements(root: StoredGroup, path: Path, n_obs: int, n_vars: int) -> None:
    """Raise if an element of obsm, varm, layers, obsp, varp or uns cannot be read or has another size than obs and var.

    Parameters
    ----------
    root
        The opened file.
    path
        Its path, for the message.
    n_obs, n_vars
        Length of obs and of var.

    Raises
    ------
    InputError
        It names the first such element.
    """
    sizes = {
        "obsm": (n_obs,),
        "varm": (n_vars,),
        "layers": (n_obs, n_vars),
        "obsp": (n_obs, n_obs),
        "varp": (n_vars, n_vars),
        "uns": (),
    }
    for group, expected in sizes.items():
        if group not in root or not hasattr(root[group], "keys"):
            continue
        part = root[group]
        for key in part:
            reason = _fault_of(part, key, expected)
            if reason:
                raise InputError(
                    f"{path.name}: {group}[{key!r}] {reason}",
                    hint=f"write the file without it, or remove it: h5py.File(path, 'a').pop('{group}/{key}')",
                )


def _fault_of(group: StoredGroup, key: str, expected: tuple[int, ...]) -> str:
    try:
        element = group[key]
    except READ_ERRORS as error:
        return f"cannot be opened ({str(error).strip():.100})"
    return _unreadable(element) or _wrong_size(element, expected)


def _unreadable(element: Any) -> str:
    """Return why anndata has no reader for an element or a part of it; empty if it has."""

    def visit(_: Any, __: str, part: Any, *, iospec: Any) -> None:
        if iospec.encoding_type == "awkward-array" and find_spec("awkward") is None:
            raise ImportError("the package awkward is not installed")
        if hasattr(part, "keys") and iospec.encoding_type in GROUPS and LEGACY_SPARSE not in part.attrs:
            for key in part:
                read_dispatched(part[key], visit)

    try:
        read_dispatched(element, visit)
    except (*READ_ERRORS, ImportError):
        return f"has an encoding that is not supported here ({dict(element.attrs).get('encoding-type', '')})"
    return ""


def _wrong_size(element: Any, expected: tuple[int, ...]) -> str:
    if not expected:
        return ""
    shape = _shape(element)
    if shape is None or shape[: len(expected)] == expected[: len(shape)]:
        return ""
    lines = " x ".join(map(str, shape))
    return f"has {lines} values, obs and var have {' x '.join(map(str, expected))}"


def _shape(element: Any) -> tuple[int, ...] | None:
    """Return the shape of an array, a sparse matrix or a frame; None if it is not stated."""
    if not hasattr(element, "keys"):
        return tuple(int(n) for n in element.shape)
    attributes = dict(element.attrs)
    if "shape" in attributes:
        return tuple(int(n) for n in attributes["shape"])
    if attributes.get("encoding-type") == "dataframe":
        return (frame_length(element),)
    return None
