"""Exceptions of this package. Each has a message (what was found and expected) and a hint (what to do).

All classes are also subclasses of a built-in exception, so ``except ValueError`` works.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, Self

LIST_COLUMNS: Final = "list the columns with list(adata.obs.columns)"
ANNOTATE_FIRST: Final = "annotate the data first, with `spatialcore run` or `spatialcore annotate`"
LIKELY_LABELS: Final = re.compile(r"type|annot|label|class|ident|cluster|leiden|louvain|lineage", re.IGNORECASE)
"""Names of columns that may have cell types, for hints."""


class SpatialCoreError(Exception):
    """Base class of the exceptions of this package.

    Parameters
    ----------
    message
        What is wrong and what is expected.
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

    @classmethod
    def absent(
        cls,
        column: str,
        columns: Iterable[object],
        *,
        where: str = "",
        what: str = "Label column",
        listed: str = "Columns",
        hint: str = LIST_COLUMNS,
    ) -> Self:
        """Return the error of a column that does not exist.

        Parameters
        ----------
        column
            The column asked for.
        columns
            The existing columns; the error lists the first 20.
        where
            Name of the file, if there is one.
        what
            What the column has.
        listed
            What the existing columns are called.
        hint
            What to do; by default a similar name is suggested.

        Examples
        --------
        >>> print(LabelColumnError.absent("type", ["cell_type", "donor"], where="a.h5ad"))
        Label column not found: 'type' in a.h5ad. Columns: cell_type, donor
          -> did you mean cell_type?
        """
        names = [str(name) for name in columns]
        plain = {name.casefold(): name for name in reversed(names)}
        similar = get_close_matches(column.casefold(), plain, n=1) if hint == LIST_COLUMNS else []
        likely = [name for name in names if LIKELY_LABELS.search(name)] if hint == LIST_COLUMNS else []
        closest = plain[similar[0]] if similar else ""
        others = ", ".join(name for name in likely[:8] if name != closest)
        advice = [f"did you mean {closest}?"] if similar else []
        advice += [f"columns that may have cell types: {others}"] if others else []
        hint = "; ".join(advice if similar else [*advice, hint])
        listed_names = ", ".join(names[:20]) or "none"
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        location = f" in {where}" if where else ""
        return cls(f"{what} not found: {column!r}{location}. {listed}: {listed_names}{more}", hint=hint)


class GeneOverlapError(InputError):
    """Two data sets share too few genes."""


class SpeciesError(InputError):
    """Genes are of another species than expected, or of two species."""


class NormalizationError(InputError):
    """Normalization of a matrix cannot be determined."""


class ModelError(InputError):
    """Model file is damaged, modified or unsafe to load."""


class RecordError(InputError):
    """Record in a store, such as a manifest, is truncated or of another kind than its name states."""


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


def reason_of(error: Exception) -> str:
    """Return an error as one line: the message of an error of this package, else its type and text.

    Examples
    --------
    >>> reason_of(KeyError("x")), reason_of(ValueError("first line\\nsecond line"))
    ("KeyError: 'x'", 'ValueError: first line')
    """
    text = error.message if isinstance(error, SpatialCoreError) else f"{type(error).__name__}: {error}"
    return text.partition("\n")[0]
