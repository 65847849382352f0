"""Exceptions of this package. Each has a message (what was found and expected) and a hint (what to do).

All classes are also subclasses of a built-in exception, so ``except ValueError`` works.
"""


class SpatialCoreError(Exception):
    """Base class of the exceptions of this package.

    Parameters
    ----------
    message
        What was found and what was expected.
    hint
        What to do; printed on a separate line.

    Examples
    --------
    >>> print(SpatialCoreError("max_cells is -1, expected an integer >= 1", hint="omit it for all cells"))
    max_cells is -1, expected an integer >= 1
      -> omit it for all cells
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}\n  -> {hint}" if hint else message)


class InputError(SpatialCoreError, ValueError):
    """Invalid argument, file or matrix."""


class LabelColumnError(InputError):
    """Label column is missing or has no usable labels."""


class GeneOverlapError(InputError):
    """Two data sets share too few genes."""


class SpeciesError(InputError):
    """Genes of another species than expected, or of two."""


class NormalizationError(InputError):
    """Normalization of a matrix cannot be determined."""


class ModelError(InputError):
    """Model file is damaged, modified or unsafe to load."""


class RecordError(InputError):
    """A record in a store, such as a manifest, that is cut off or is not what its name says."""


class FileMissingError(SpatialCoreError, FileNotFoundError):
    """File, object or data set does not exist."""


class DependencyError(SpatialCoreError, ImportError):
    """A required optional package is not installed."""


class StorageError(SpatialCoreError, OSError):
    """Permanent error of a store: no permission, no bucket, no space."""


class TransientStorageError(StorageError):
    """Temporary error of a store; a later attempt can succeed."""

    given_up = False
    """True after the last attempt of a request, so that callers do not retry again."""


class ConflictError(StorageError, FileExistsError):
    """Conditional write failed: the object exists already or has changed."""
