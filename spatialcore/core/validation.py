"""Validation of arguments and columns: errors with the value, the expectation and a hint."""

from collections.abc import Callable, Iterable
from functools import wraps
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from spatialcore.errors import LIST_COLUMNS, InputError, LabelColumnError

if TYPE_CHECKING:
    from anndata import AnnData

P = ParamSpec("P")
R = TypeVar("R")


def takes_adata(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function raise `InputError` if its first argument, ``adata``, is not an AnnData."""

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if args or "adata" in kwargs:
            require_adata(args[0] if args else kwargs["adata"])
        return function(*args, **kwargs)

    return checked


def require_adata(value: object) -> None:
    """Raise if a value is not an AnnData, with the advice for what it is: a path, a SpatialData, another object."""
    from anndata import AnnData

    if isinstance(value, AnnData):
        _require_flat_names(value)
        return
    if isinstance(value, str | Path):
        path = str(value)
        raise InputError(
            f"adata is the path {path!r:.200}, expected an AnnData",
            hint=f"read the file first: adata = spatialcore.io.read_spatial({path!r:.200})",
        )
    hint = "pass an AnnData, for example from spatialcore.io.read_spatial(path)"
    if hasattr(value, "tables"):
        hint = "pass a table of the SpatialData: sdata.tables['table']"
    raise InputError(f"adata is of type {type(value).__name__}, expected an AnnData", hint=hint)


def _require_flat_names(adata: "AnnData") -> None:
    """Raise if cells or features have names of several parts, which cannot be written."""
    for where, frame in (("obs", adata.obs), ("var", adata.var)):
        if frame.index.nlevels > 1:
            raise InputError(
                f"{where}_names have {frame.index.nlevels} levels ({frame.index.names}), expected texts",
                hint=f"join them: adata.{where}_names = ['_'.join(map(str, name)) for name in adata.{where}_names]",
            )


def to_change(adata: "AnnData", *, copy: bool) -> "AnnData":
    """Return the data that a function changes: a copy, or the data themselves.

    Raises
    ------
    InputError
        The data are backed by a file, and would have to be copied: they are a view, or ``copy`` is set.
    """
    if adata.isbacked and (copy or adata.is_view):
        what = "a view of an AnnData" if adata.is_view else "an AnnData"
        raise InputError(f"adata is {what} in backed mode, which has no copy in memory", hint="pass adata.to_memory()")
    return adata.copy() if copy else adata


def short(value: object) -> str:
    """Return a value for a message: one line, numbers with at most six digits.

    Examples
    --------
    >>> short(1.0000000000000002), short("x"), short(1.2000000000000002)
    ('1', "'x'", '1.2')
    """
    return f"{value:.6g}" if isinstance(value, float) else " ".join(repr(value).split())


def require_whole(name: str, value: object, *, minimum: int, hint: str) -> int:
    """Return an integer that is at least ``minimum``; booleans are refused.

    Examples
    --------
    >>> require_whole("max_cells", 10, minimum=1, hint="5000 is the default")
    10
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < minimum:
        raise InputError(f"{name} is {short(value)}, expected an integer >= {minimum}", hint=hint)
    return int(value)


def require_within(name: str, value: object, low: float, high: float, *, hint: str) -> float:
    """Return a number from ``low`` to ``high``; NaN and booleans are refused."""
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= float(value) <= high:
        raise InputError(f"{name} is {short(value)}, expected a number from {low:g} to {high:g}", hint=hint)
    return float(value)


def require_list(name: str, value: object, *, hint: str = "pass at least one") -> list[Any]:
    """Return a non-empty list; a single string or path is refused, because iterating it would give its characters."""
    if isinstance(value, str | Path):
        raise InputError(f"{name} is the string {str(value)!r}, expected a list", hint=f"write [{str(value)!r}]")
    if not isinstance(value, Iterable):
        raise InputError(f"{name} is of type {type(value).__name__}, expected a list", hint=hint)
    items = list(value)
    if not items:
        raise InputError(f"{name} is an empty list", hint=hint)
    return items


def require_one_of(name: str, value: object, choices: Iterable[str], *, hint: str = "") -> None:
    """Raise an error with the allowed values if a value is not one of them.

    Examples
    --------
    >>> require_one_of("trainer", "forest", ("celltypist", "logistic"))
    Traceback (most recent call last):
    spatialcore.errors.InputError: unknown trainer 'forest'
      -> choose one of celltypist, logistic
    """
    allowed = tuple(choices)
    if value not in allowed:
        raise InputError(f"unknown {name} {value!r}", hint=hint or f"choose one of {', '.join(allowed)}")


def require_column(
    columns: Iterable[object], name: str, *, what: str = "Label column", where: str = "", hint: str = LIST_COLUMNS
) -> None:
    """Raise an error with the columns of obs if one is missing.

    Parameters
    ----------
    columns
        The columns of obs.
    name
        The required column.
    what, where, hint
        For the message, as in :meth:`spatialcore.errors.LabelColumnError.absent`.

    Raises
    ------
    LabelColumnError
        The column is missing.

    Examples
    --------
    >>> require_column(["cell_type", "donor"], "cell_type")
    """
    names = [str(column) for column in columns]
    if name not in names:
        raise LabelColumnError.absent(name, names, what=what, where=where, hint=hint)
