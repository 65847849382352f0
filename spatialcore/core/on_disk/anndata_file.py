"""Read parts of an AnnData file (h5ad or zarr).

Elements are read on access. Columns of obs are read one at a time and in blocks; only the selected rows stay in memory.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import pandas as pd
from anndata.io import read_elem

from spatialcore.core.genes.features import gene_columns
from spatialcore.core.matrix import Matrix, open_matrix, with_columns
from spatialcore.core.normalization import RAW_LAYERS, Status, matrix_status
from spatialcore.core.on_disk.containers import AGAIN, READ_ERRORS, damaged, of_content, open_store
from spatialcore.core.on_disk.elements import require_elements
from spatialcore.core.on_disk.frames import (
    as_text_categories,
    frame_columns,
    frame_length,
    index_key,
    legacy_frame,
    read_column,
)
from spatialcore.core.types import Ints, StoredGroup
from spatialcore.core.validation import require_column
from spatialcore.errors import InputError


class AnnDataFile:
    """An h5ad file or zarr store, opened for reading.

    Parameters
    ----------
    path
        A ``.h5ad`` file, a ``.zarr`` folder or a zipped zarr.

    Raises
    ------
    FileMissingError
        There is no file at the path.
    InputError
        The file is damaged, or not an AnnData file.

    Examples
    --------
    >>> import anndata, numpy as np, tempfile
    >>> path = f"{tempfile.mkdtemp()}/cells.h5ad"
    >>> anndata.AnnData(np.ones((3, 2))).write_h5ad(path)
    >>> with AnnDataFile(path) as file:
    ...     file.n_obs, file.status()["x_state"]
    (3, 'raw')
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._root = open_store(self.path)
        try:
            missing = [key for key in ("obs", "var") if key not in self._root]
            if missing:
                absent = InputError(f"{self.path} is not an AnnData file: {' and '.join(missing)} missing", hint=AGAIN)
                raise of_content(self.path, absent) if len(missing) == 2 else absent
            self.obs_names_key = index_key(self._root["obs"])
            self.n_obs = frame_length(self._root["obs"])
            self.n_vars = frame_length(self._root["var"])
        except READ_ERRORS as error:
            self.close()
            raise damaged(self.path, error) from error
        except InputError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind in (OSError, RuntimeError):  # h5py raises these for damage in any part of the file
            raise damaged(self.path, error or kind()) from error

    def require_elements(self) -> None:
        """Raise if anndata cannot read an element of obsm, varm, layers, obsp, varp or uns."""
        require_elements(self._root, self.path, self.n_obs, self.n_vars)

    def close(self) -> None:
        """Close the file."""
        if isinstance(self._root, h5py.File):
            self._root.close()
        else:
            close = getattr(getattr(self._root, "store", None), "close", None)
            if close is not None:
                close()

    @property
    def obs_columns(self) -> list[str]:
        """Names of the columns of obs, in the order of the file."""
        return frame_columns(self._root["obs"])

    def var(self) -> pd.DataFrame:
        """Read the whole var frame."""
        return self._frame(self._root["var"])

    def labels(self, column: str) -> pd.Categorical:
        """Read a column of obs of all cells as a categorical with string categories; NaN stays NaN.

        Raises
        ------
        LabelColumnError
            The column does not exist.
        """
        require_column(self.obs_columns, column, where=self.path.name)
        return as_text_categories(self._column("obs", column))

    def obs(self, rows: Ints, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the selected rows of obs: all columns, or the given ones."""
        names = [str(name) for name in self._column("obs", self.obs_names_key, rows)]
        selected = self.obs_columns if columns is None else list(columns)
        frame = pd.DataFrame(index=pd.Index(names, dtype=object))
        for column in selected:
            values = self._column("obs", column, rows)
            frame[column] = values.remove_unused_categories() if isinstance(values, pd.Categorical) else values
        return frame

    def status(self, random_state: int = 42) -> Status:
        """Return where raw counts are and what X holds, as `check_normalization_status` does."""
        x = self.gene_matrix("X") if "X" in self._root else None
        flag = "uns" in self._root and "log1p" in self._root["uns"]
        features = {"X": self.var, "raw.X": lambda: self.var_of("raw.X")}
        return matrix_status(self._candidates(), x, features, bool(flag), random_state=random_state)

    def matrix(self, source: str) -> Matrix:
        """Open a matrix by its name in `status`: "X", "raw.X" or "layers/<name>".

        Raises
        ------
        InputError
            The matrix is missing, damaged, or its shape differs from obs and var.
        """
        key = self._raw_key("X") if source == "raw.X" else source
        if key not in self._root:
            raise InputError(f"{self.path.name} has no {source}", hint="the expression matrix is X, raw.X or a layer")
        try:
            matrix = open_matrix(self._root[key])
        except READ_ERRORS as error:
            raise damaged(self.path, error) from error
        width = self.n_vars if source != "raw.X" else matrix.shape[1]
        if matrix.shape != (self.n_obs, width):
            raise InputError(
                f"{self.path.name}: {source} has shape {matrix.shape[0]} x {matrix.shape[1]}, obs and var have "
                f"{self.n_obs} x {width}",
                hint=AGAIN,
            )
        return matrix

    def gene_matrix(self, source: str) -> Matrix:
        """Open a matrix without features that are not genes according to var."""
        return with_columns(self.matrix(source), gene_columns(self.var_of(source)))

    def sources(self) -> list[str]:
        """Return the names of the matrices that exist: X, all layers and raw.X."""
        x = ["X"] if "X" in self._root else []
        raw = ["raw.X"] if self._raw_key("X") in self._root else []
        return [*x, *(f"layers/{name}" for name in self.keys("layers")), *raw]

    def var_of(self, source: str) -> pd.DataFrame:
        """Read the var frame that belongs to a matrix: raw.X may be wider than X."""
        return self._frame(self._root[self._raw_key("var")]) if source == "raw.X" else self.var()

    def keys(self, group: str) -> list[str]:
        """Return the names in a group such as "obsm" or "uns"; an empty list if there is no such group."""
        names = getattr(self._root[group], "keys", list) if group in self._root else list
        return list(names())

    def read(self, key: str) -> Any:
        """Read one element, such as "uns/name"; None if it does not exist."""
        return read_elem(self._root[key]) if key in self._root else None

    def _candidates(self) -> Iterator[tuple[str, Matrix]]:
        for layer in RAW_LAYERS:
            if f"layers/{layer}" in self._root:
                yield f"layers/{layer}", self.gene_matrix(f"layers/{layer}")
        if self._raw_key("X") in self._root:
            yield "raw.X", self.gene_matrix("raw.X")

    def _raw_key(self, part: str) -> str:
        """Return the key of an element of raw; anndata before 0.7 wrote raw.X and raw.var."""
        return f"raw.{part}" if f"raw.{part}" in self._root else f"raw/{part}"

    def _frame(self, element: StoredGroup) -> pd.DataFrame:
        try:
            frame: pd.DataFrame = read_elem(element) if hasattr(element, "keys") else legacy_frame(element)
        except READ_ERRORS as error:
            raise damaged(self.path, error) from error
        frame.index = frame.index.astype(str)
        return frame

    def _column(self, group: str, column: str, rows: Ints | None = None) -> Any:
        """Read one column; only the selected rows stay in memory."""
        try:
            return read_column(self._root[group], column, rows)
        except READ_ERRORS as error:
            raise damaged(self.path, error) from error
