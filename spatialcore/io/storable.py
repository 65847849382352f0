"""Convert data to types that anndata can write, at reading, so that writing cannot fail at the end of a run.

Elements that HDF5 and zarr do not support (columns of mixed values, nullable texts, dates, names that clash) are
converted without loss, and this is logged. Missing values stay missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore.core.logging import get_logger
from spatialcore.io.storable_columns import INTEGER_LIMIT, as_text, is_missing, storable_column

logger = get_logger(__name__)

RESERVED = {"_index"}
SUFFIX = "_column"


@dataclass
class Notes:
    """Whether names may hold a slash, and the changes."""

    slashes: bool
    lines: list[str] = field(default_factory=list)


def make_storable(adata: AnnData, *, slashes: bool = True) -> AnnData:
    """Convert every element of an AnnData to a type that can be written. Modifies `adata` in place.

    Parameters
    ----------
    adata
        In memory. Matrices of 16 bits become float32; columns and elements of uns that HDF5 and zarr cannot hold become
        categoricals, numbers or texts; names that clash are changed. Each change is logged.
    slashes
        Whether names may hold a slash, which HDF5 supports and zarr does not.

    Returns
    -------
    AnnData
        The same object.
    """
    notes = Notes(slashes)
    adata.obs = _frame(adata.obs, "obs", notes)
    adata.var = _frame(adata.var, "var", notes)
    if adata.raw is not None and not adata.isbacked:
        _raw(adata, notes)
    if not adata.isbacked and adata.X is not None:
        adata.X = _matrix(adata.X)
    for name, part in (("layers", adata.layers), ("obsm", adata.obsm), ("varm", adata.varm), ("obsp", adata.obsp)):
        _mapping(part, name, notes)
    uns = {str(key): value for key, value in adata.uns.items()}
    adata.uns = _tree(uns, "uns", notes)
    for change in notes.lines:
        logger.info("converted for writing: %s", change)
    return adata


def _raw(adata: AnnData, notes: Notes) -> None:
    frame, stored = adata.raw.var, adata.raw.X
    var, matrix = _frame(frame, "raw.var", notes), _matrix(stored)
    if var is frame and matrix is stored:
        return
    varm = dict(adata.raw.varm)
    adata.raw = AnnData(matrix, obs=pd.DataFrame(index=adata.obs_names), var=var, varm=varm)


def _frame(frame: pd.DataFrame, where: str, notes: Notes) -> pd.DataFrame:
    """Return a frame whose index, columns and names can be written; the same object if nothing changes."""
    index = _index(frame.index, frame.columns)
    names = _names([str(name) for name in frame.columns], where, notes, slashes=notes.slashes)
    columns = [storable_column(frame.iloc[:, i]) for i in range(frame.shape[1])]
    same = index is frame.index and names == list(frame.columns)
    if same and all(new is None for new in columns):
        return frame
    notes.lines += [
        f"{where}[{name!r}] became {new.dtype}"
        for name, new in zip(names, columns, strict=True)
        if new is not None and str(new.dtype) != "category"
    ]
    parts = {
        name: frame.iloc[:, i].array if new is None else new.array
        for i, (name, new) in enumerate(zip(names, columns, strict=True))
    }
    return pd.DataFrame(parts, index=index, columns=pd.Index(names, dtype=object))


def _index(index: pd.Index, columns: pd.Index) -> pd.Index:
    plain = type(index) is pd.Index and index.dtype == object and set(map(type, index)) <= {str}
    fit = isinstance(index.name, str) and index.name not in ("", *columns) and "/" not in index.name
    named = index.name is None or fit
    if plain and named:
        return index
    texts = [as_text(name) for name in index]
    name = None if index.name is None else str(index.name).replace("/", "|")
    name = None if name == "" or name in columns else name
    return pd.Index(texts, dtype=object, name=name)


def _names(names: list[str], where: str, notes: Notes, *, slashes: bool = False) -> list[str]:
    """Return names that are valid and unique in one group of a file.

    ``slashes``: whether they may hold one, as columns of a frame: an element ``a/b`` would be read as ``b`` in ``a``.
    """
    used: set[str] = set()
    result = []
    for name in names:
        new = name
        clashes = any(parent in names for parent in _parents(name)) or not slashes
        if _unfit(name) or ("/" in name and clashes):
            new = "_".join(part for part in name.split("/") if part not in ("", ".", "..")) or "unnamed"
            new = new + SUFFIX if new in RESERVED else new
        stem, n = new, 1
        while new in used or (new != name and new in names):
            n += 1
            new = f"{stem}_{n}"
        used.add(new)
        result.append(new)
        if new != name:
            notes.lines.append(f"{where}[{name!r}] was renamed {new!r}")
    return result


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _unfit(name: str) -> bool:
    parts = name.split("/")
    return name in RESERVED or "\0" in name or any(part in ("", ".", "..") for part in parts)


def _matrix(matrix: Any) -> Any:
    """Return a matrix that can be written: 16-bit values become 32-bit, sparse formats other than CSC become CSR."""
    dtype = getattr(matrix, "dtype", None)
    if isinstance(matrix, np.matrix) or np.ma.isMaskedArray(matrix):
        matrix = np.asarray(np.ma.filled(matrix, 0) if np.ma.isMaskedArray(matrix) else matrix)
    if sp.issparse(matrix) and getattr(matrix, "format", "") not in ("csr", "csc"):
        matrix = sp.csr_matrix(matrix)  # type: ignore[call-overload]  # the stubs lack sparse arrays
    matrix = _with_signed_positions(matrix) if sp.issparse(matrix) else matrix
    if not isinstance(dtype, np.dtype):
        return matrix
    if dtype.kind == "O" and matrix.ndim == 2:
        return _object_matrix(matrix)
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return matrix.astype(np.float32 if dtype.itemsize == 2 else np.float64)
    if dtype.kind in "biuf" and not dtype.isnative:
        return matrix.astype(dtype.newbyteorder("="))
    return matrix


def _object_matrix(matrix: Any) -> Any:
    """Return a matrix of Python objects as numbers, or as texts if one of them is not a number."""
    try:
        return matrix.astype(np.float64)
    except (TypeError, ValueError):
        return np.array([as_text(item) for item in matrix.ravel()], dtype=object).reshape(matrix.shape)


def _with_signed_positions(matrix: Any) -> Any:
    """Return a CSR or CSC matrix with signed positions: scipy cannot calculate with others."""
    if "u" not in (matrix.indices.dtype.kind, matrix.indptr.dtype.kind):
        return matrix
    parts = (matrix.data, matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64))
    return type(matrix)(parts, shape=matrix.shape)


def _mapping(part: Any, where: str, notes: Notes) -> None:
    old = list(part.keys())
    new = _names([str(key) for key in old], where, notes)
    for key, name in zip(old, new, strict=True):
        value = part[key]
        converted = _frame(value, f"{where}[{name!r}]", notes) if isinstance(value, pd.DataFrame) else _matrix(value)
        if name != key:
            del part[key]
        if name != key or converted is not value:
            part[name] = converted


def _tree(tree: Mapping[Any, Any], where: str, notes: Notes) -> dict[str, Any]:
    names = _names([str(key) for key in tree], where, notes)
    converted = {}
    for name, value in zip(names, tree.values(), strict=True):
        part = _element(value, f"{where}[{name!r}]", notes)
        if part is not None:
            converted[name] = part
    return converted


def _element(value: Any, where: str, notes: Notes) -> Any:
    """Return an element of uns converted to a type that can be written; None if it is empty."""
    if isinstance(value, Mapping):
        return _tree(value, where, notes)
    if isinstance(value, pd.DataFrame):
        return _frame(value, where, notes)
    if isinstance(value, pd.Series | pd.Index | pd.Categorical | pd.api.extensions.ExtensionArray):
        column = _frame(pd.DataFrame({"value": pd.Series(value).reset_index(drop=True)}), where, notes)["value"]
        return column.array if isinstance(column.dtype, pd.CategoricalDtype) else column.to_numpy()
    if isinstance(value, str | bool | int | float | np.generic) or value is None:
        return _scalar(value)
    if sp.issparse(value):
        return _matrix(value)
    if isinstance(value, AnnData):
        return value
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple | range):
        value = _listed(list(value))
    return _array(value, where, notes) if isinstance(value, np.ndarray) else as_text(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, np.void):
        return as_text(value.tolist())
    if isinstance(value, np.datetime64 | np.timedelta64 | np.complexfloating | np.bytes_):
        return as_text(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        return str(value)
    return float(value) if isinstance(value, np.float16 | np.longdouble) else value


def _listed(values: list[Any]) -> Any:
    if all(isinstance(value, str) for value in values) and values:
        return np.array(values, dtype=object)
    if values and all(isinstance(value, bool | int | float | np.number | np.bool_) for value in values):
        return np.array(values)
    if not values:
        return np.array([], dtype=np.float64)
    try:
        array = np.array(values)
    except ValueError:  # lists of different lengths
        return as_text(values)
    return array if array.dtype.kind in "biuf" else as_text(values)


def _array(value: np.ndarray, where: str, notes: Notes) -> Any:
    if np.ma.isMaskedArray(value):
        value = np.ma.filled(value.astype(float), np.nan)
    if value.dtype.names is not None:
        return _records(value, where, notes)
    if value.dtype.kind in "biuf":
        return _matrix(value)
    if value.dtype.kind in "US":
        return np.array([as_text(item) for item in value.ravel()], dtype=object).reshape(value.shape)
    if value.dtype.kind == "O" and all(isinstance(item, str) for item in value.ravel()):
        return value
    texts = np.array(["" if is_missing(item) else as_text(item) for item in value.ravel()], dtype=object)
    notes.lines.append(f"{where} became texts")
    return texts.reshape(value.shape)


def _records(value: np.ndarray, where: str, notes: Notes) -> Any:
    """Return an array of records unchanged if its fields are numbers and texts, else as a frame."""
    names = value.dtype.names or ()
    plain = all(value.dtype[name].kind in "biufU" and value.dtype[name].shape == () for name in names)
    if plain and value.ndim == 1:
        return value
    frame = pd.DataFrame({name: list(value.ravel()[name]) for name in names})
    notes.lines.append(f"{where} became a frame")
    return _frame(frame, where, notes)
