"""An AnnData on disk (h5ad or zarr), read piece by piece.

Nothing is read until it is asked for. Columns of obs are read one at a time, in blocks, and only drawn rows are kept.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import pandas as pd
from anndata.io import read_elem

from spatialcore.core.containers import AGAIN, READ_ERRORS, damaged, open_store
from spatialcore.core.frames import as_text_categories, frame_columns, frame_length, index_key, read_column
from spatialcore.core.matrix import Matrix, open_matrix
from spatialcore.core.normalization import RAW_LAYERS, Status, matrix_status
from spatialcore.core.types import Ints
from spatialcore.errors import InputError, LabelColumnError


class AnnDataFile:
    """An h5ad file or zarr store, open for reading.

    Parameters
    ----------
    path
        A ``.h5ad`` file, a ``.zarr`` folder or a zipped zarr.

    Raises
    ------
    FileMissingError
        There is nothing at the path.
    InputError
        It is damaged, or no AnnData.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._root = open_store(self.path)
        try:
            missing = [key for key in ("obs", "var") if key not in self._root]
            if missing:
                raise InputError(f"{self.path} is no AnnData: it has no {' and no '.join(missing)}", hint=AGAIN)
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
        if kind in (OSError, RuntimeError):  # what h5py raises, wherever in a damaged file it is met
            raise damaged(self.path, error or kind()) from error

    def close(self) -> None:
        """Close the file."""
        if isinstance(self._root, h5py.File):
            self._root.close()
        else:
            close = getattr(self._root.store, "close", None)
            if close is not None:
                close()

    @property
    def obs_columns(self) -> list[str]:
        """Names of the columns of obs, as written."""
        return frame_columns(self._root["obs"])

    def var(self) -> pd.DataFrame:
        """Read the var frame whole: it grows with the genes, not with the cells."""
        return self._frame(self._root["var"])

    def labels(self, column: str) -> pd.Categorical:
        """Read a column of obs over all cells as a categorical of texts; NaN stays NaN.

        Raises
        ------
        LabelColumnError
            There is no such column.
        """
        if column not in self.obs_columns:
            raise LabelColumnError(
                f"Label column '{column}' not found in {self.path.name}. "
                f"Columns: {', '.join(self.obs_columns) or 'none'}",
                hint="list the columns with list(adata.obs.columns)",
            )
        return as_text_categories(self._column("obs", column))

    def obs(self, rows: Ints, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the drawn rows of obs: all columns, or the named ones."""
        names = [str(name) for name in self._column("obs", self.obs_names_key, rows)]
        wanted = self.obs_columns if columns is None else list(columns)
        frame = pd.DataFrame(index=pd.Index(names, dtype=object))
        for column in wanted:
            values = self._column("obs", column, rows)
            frame[column] = values.remove_unused_categories() if isinstance(values, pd.Categorical) else values
        return frame

    def status(self, random_state: int = 42) -> Status:
        """Say where raw counts are and what X holds, as `check_normalization_status` does."""
        x = self.matrix("X") if "X" in self._root else None
        flag = "uns" in self._root and "log1p" in self._root["uns"]
        return matrix_status(self._candidates(), x, bool(flag), random_state=random_state)

    def matrix(self, source: str) -> Matrix:
        """Open a matrix by the name that `status` gives it: "X", "raw.X" or "layers/<name>".

        Raises
        ------
        InputError
            It is missing, damaged, or of another shape than obs and var.
        """
        key = "raw/X" if source == "raw.X" else source
        if key not in self._root:
            raise InputError(f"{self.path.name} has no {source}", hint="the expression matrix is X, raw.X or a layer")
        try:
            matrix = open_matrix(self._root[key])
        except READ_ERRORS as error:
            raise damaged(self.path, error) from error
        width = self.n_vars if source != "raw.X" else matrix.shape[1]
        if matrix.shape != (self.n_obs, width):
            raise InputError(
                f"{self.path.name}: {source} is {matrix.shape[0]} x {matrix.shape[1]}, obs and var say "
                f"{self.n_obs} x {width}",
                hint=AGAIN,
            )
        return matrix

    def var_of(self, source: str) -> pd.DataFrame:
        """Read the var frame that belongs to a matrix: raw.X may be wider than X."""
        return self._frame(self._root["raw/var"]) if source == "raw.X" else self.var()

    def keys(self, group: str) -> list[str]:
        """Return the names in a group such as "obsm" or "uns", none where there is no such group."""
        return list(self._root[group].keys()) if group in self._root else []

    def read(self, key: str) -> Any:
        """Read one element whole, such as "uns/name"; None where there is none."""
        return read_elem(self._root[key]) if key in self._root else None

    def _candidates(self) -> Iterator[tuple[str, Matrix]]:
        for layer in RAW_LAYERS:
            if f"layers/{layer}" in self._root:
                yield f"layers/{layer}", self.matrix(f"layers/{layer}")
        if "raw/X" in self._root:
            yield "raw.X", self.matrix("raw.X")

    def _frame(self, element: Any) -> pd.DataFrame:
        try:
            frame: pd.DataFrame = read_elem(element)
        except READ_ERRORS as error:
            raise damaged(self.path, error) from error
        frame.index = frame.index.astype(str)
        return frame

    def _column(self, group: str, column: str, rows: Ints | None = None) -> Any:
        """Read one column, of which only the drawn rows stay in memory."""
        try:
            return read_column(self._root[group], column, rows)
        except READ_ERRORS as error:
            raise damaged(self.path, error) from error
