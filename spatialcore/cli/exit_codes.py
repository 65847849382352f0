"""Exit codes of the commands, for scripts and schedulers."""

from enum import IntEnum

from spatialcore.errors import DependencyError, FileMissingError, SpatialCoreError, StorageError, TransientStorageError


class Exit(IntEnum):
    """Exit codes; they are part of the public interface."""

    DONE = 0
    FAILED = 1
    INPUT = 2
    MISSING = 3
    DEPENDENCY = 4
    STORAGE = 5
    TRY_AGAIN = 75
    INTERRUPTED = 130


MEANING = {
    Exit.DONE: "success; for a dry run: no problems",
    Exit.FAILED: "unexpected error",
    Exit.INPUT: "invalid option, file or matrix; for a dry run: problems",
    Exit.MISSING: "file or data set not found",
    Exit.DEPENDENCY: "missing optional package",
    Exit.STORAGE: "storage error (permission, missing bucket, no space)",
    Exit.TRY_AGAIN: "temporary storage error, try again later",
    Exit.INTERRUPTED: "interrupted",
}


def exit_of(error: SpatialCoreError) -> Exit:
    """Return the exit code of an error."""
    for kind, code in (
        (TransientStorageError, Exit.TRY_AGAIN),
        (StorageError, Exit.STORAGE),
        (FileMissingError, Exit.MISSING),
        (DependencyError, Exit.DEPENDENCY),
    ):
        if isinstance(error, kind):
            return code
    return Exit.INPUT


def epilog() -> str:
    """Return the last paragraph of --help."""
    return "Exit codes: " + "; ".join(f"{int(code)} {text}" for code, text in MEANING.items()) + "."
