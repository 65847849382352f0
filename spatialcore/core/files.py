"""Files and folders that appear under their name only when they are whole."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to, and rename it to `path` if nothing was raised; else remove it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # the suffix is kept because writers look at it
    part = path.with_name(f".{path.stem}.{_unique()}.part{path.suffix}")
    try:
        yield part
        replace(part, path)
    finally:
        _remove(part)


def replace(new: Path, path: Path) -> None:
    """Put a file or a folder in the place of another. A folder is away for the time of one rename, never lost."""
    if not path.is_dir():
        new.replace(path)
        return
    old = path.with_name(f".{path.name}.{_unique()}.old")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    _remove(old)


def _unique() -> str:
    """Return a mark that keeps two writers of one name apart, be they processes or threads."""
    return uuid.uuid4().hex[:12]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
