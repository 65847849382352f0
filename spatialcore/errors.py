"""The errors of this package. Each says what was seen, what was wanted and what to do next.

Every class is also the built-in error that a caller would expect, so ``except ValueError`` works.
"""


class SpatialCoreError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message
        What was seen and what was wanted.
    hint
        What to do next; printed on a line of its own.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}\n  -> {hint}" if hint else message)


class InputError(SpatialCoreError, ValueError):
    """A value, file or matrix that cannot be worked with."""


class LabelColumnError(InputError):
    """A label column that is missing or holds no usable label."""


class GeneOverlapError(InputError):
    """Too few genes shared by two sides."""


class NormalizationError(InputError):
    """A matrix whose scale cannot be established."""


class ModelError(InputError):
    """A model artifact that is damaged, altered or unsafe to load."""


class FileMissingError(SpatialCoreError, FileNotFoundError):
    """A file, object or data set that is not where it was said to be."""


class DependencyError(SpatialCoreError, ImportError):
    """An optional package that this call needs and that is not installed."""


class StorageError(SpatialCoreError, OSError):
    """A store that refused for good: no permission, no bucket, no space."""


class TransientStorageError(StorageError):
    """A store that failed in a way that a later try may not."""

    given_up = False
    """Set once the tries of a request are used up, so that no caller multiplies them."""


class ConflictError(StorageError, FileExistsError):
    """A conditional write that came second: the object exists already, or is no longer what it was."""
