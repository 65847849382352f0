"""What a command's exit code says, for scripts and schedulers."""

from enum import IntEnum

from spatialcore.errors import DependencyError, FileMissingError, SpatialCoreError, StorageError, TransientStorageError


class Exit(IntEnum):
    """Exit codes; scripts may rely on them."""

    DONE = 0
    FAILED = 1
    INPUT = 2
    MISSING = 3
    DEPENDENCY = 4
    STORAGE = 5
    TRY_AGAIN = 75
    INTERRUPTED = 130


MEANING = {
    Exit.DONE: "done; of a dry run: nothing stands in the way",
    Exit.FAILED: "a fault of this program",
    Exit.INPUT: "an option, file or matrix that cannot be worked with",
    Exit.MISSING: "a file or data set that is not there",
    Exit.DEPENDENCY: "an optional package is not installed",
    Exit.STORAGE: "a store refused for good",
    Exit.TRY_AGAIN: "a store failed in a way that a later try may not",
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
    """Return the lines that --help ends with."""
    return "Exit codes: " + "; ".join(f"{int(code)} {text}" for code, text in MEANING.items()) + "."
