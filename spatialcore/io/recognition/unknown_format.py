"""The error for a file or folder of no supported format: what it is, and what to pass instead."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from spatialcore.core.on_disk.file_content import ARCHIVES, PASS_DATA, other_content
from spatialcore.core.text.wording import list_names
from spatialcore.errors import InputError
from spatialcore.io import cosmx, merscope, tenx, xenium
from spatialcore.io.flat_files import find_one
from spatialcore.io.recognition.format import Format
from spatialcore.io.recognition.other_folders import of_space_ranger, without_cells

MOST_ENTRIES: Final = 50
LISTED: Final = 3


def unknown_format(location: Path, formats: Sequence[Format]) -> InputError:
    """Return the error for a path of no supported format.

    Parameters
    ----------
    location
        An existing file or folder.
    formats
        The supported formats.
    """
    other_kind = other_content(location) if location.is_file() else _other_folder(location)
    near = _supported_near(location, formats)
    if other_kind is not None:
        kind, hint = other_kind
        return InputError(f"{location} is {kind}", hint=near if near and hint == PASS_DATA else hint)
    content = f"a folder with {_listing(location)}" if location.is_dir() else "a file"
    if not location.is_dir() and not location.is_file():
        content = "a pipe or a device"
    supported = "" if near else ". Supported:\n" + "\n".join(f"    {each.name}: {each.required}" for each in formats)
    return InputError(f"unknown format: {location} ({content}){supported}", hint=near or PASS_DATA)


def _listing(folder: Path) -> str:
    names = sorted(item.name + "/" * item.is_dir() for item in folder.iterdir())
    return list_names(names, 8) or "no files"


def _other_folder(folder: Path) -> tuple[str, str] | None:
    """Return what a folder is, and what to do; None if nothing in it tells."""
    if not folder.is_dir():
        return None
    if dangling := sorted(item.name for item in folder.iterdir() if item.is_symlink() and not item.exists()):
        kind = f"a folder with links that lead nowhere: {list_names(dangling, 4)}"
        return kind, "copy the files, or correct the links"
    for platform, part in (
        ("a Xenium output folder", xenium.missing_part(folder)),
        ("a folder of CosMx flat files", cosmx.missing_part(folder)),
        ("a MERSCOPE region", merscope.missing_part(folder)),
        ("a 10x MEX folder", _missing_part_of_mex(folder)),
    ):
        if part:
            hint = f"this looks like {platform} without its {part}: copy it into the folder"
            return f"an incomplete folder: {_listing(folder)}", hint
    if (other := without_cells(folder) or of_space_ranger(folder)) is not None:
        return other
    if packed := sorted(item.name for item in folder.iterdir() if item.name.lower().endswith(ARCHIVES)):
        hint = f"unpack {', '.join(packed[:4])} and pass the folder or file that it contains"
        return f"a folder with archives: {_listing(folder)}", hint
    return None


def _missing_part_of_mex(folder: Path) -> str:
    if not tenx.is_mex(folder):
        return ""
    parts = {"barcodes.tsv": tenx.BARCODES, "features.tsv (or genes.tsv)": tenx.FEATURES}
    return next((name for name, patterns in parts.items() if find_one(folder, patterns) is None), "")


def _supported_near(location: Path, formats: Sequence[Format]) -> str:
    """Return a hint that names supported files or folders up to two levels below, or the folder above; or ''."""
    candidates = _below(location) if location.is_dir() else iter([location.parent])
    recognised = ((path, next((each for each in formats if _recognises(each, path)), None)) for path in candidates)
    supported = [(path, each) for path, each in recognised if each is not None]
    if len(supported) == 1:
        path, each = supported[0]
        return f"{path} is supported ({each.name}): pass it instead"
    if supported:
        names = list_names([str(path) for path, _ in supported], LISTED)
        return f"supported are {names} ({supported[0][1].name}): pass one of them, or each as a query"
    return ""


def _recognises(each: Format, path: Path) -> bool:
    try:
        return each.recognises(path)
    except (OSError, ValueError):  # damaged, not permitted, or with files of several samples
        return False


def _below(folder: Path) -> Iterator[Path]:
    children = sorted(item for item in folder.iterdir() if not item.name.startswith("."))[:MOST_ENTRIES]
    yield from (item for item in children if item.is_dir() or item.suffix == ".h5ad")
    for child in children:
        if child.is_dir() and not child.name.endswith(".zarr"):
            yield from (item for item in sorted(child.iterdir())[:MOST_ENTRIES] if item.is_dir())
