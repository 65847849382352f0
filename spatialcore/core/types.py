"""Array types that the signatures of the package share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Real numbers: scores, totals, coordinates."""

Ints = NDArray[np.int64]
"""Positions of rows or columns, and numbers of cells."""

Codes = NDArray[np.signedinteger[Any]]
"""Class codes, -1 for no class; of any width, because pandas and scikit-learn choose their own."""

Numbers = NDArray[Any]
"""Numbers of any data type: values and indices as they are stored."""

Texts = NDArray[np.str_] | NDArray[np.object_]
"""Names and labels."""

MatrixLike = Any
"""Cells x features: numpy, scipy sparse, anndata's backed matrix, zarr or dask, which have no common base class."""

JsonObject = dict[str, Any]
"""A JSON object: texts, numbers, lists and objects by name."""

Transform = Callable[[Numbers], Numbers]
"""A function applied to each value of an array."""


Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""A value that JSON can represent."""


class StoredArray(Protocol):
    """A numpy array, HDF5 dataset or zarr array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""

    @property
    def dtype(self) -> Any:
        """numpy data type of the values."""

    def __getitem__(self, key: Any, /) -> Any:
        """Read a slice."""


class StoredGroup(Protocol):
    """An HDF5 or zarr group: named arrays and groups, with attributes."""

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Attributes of the group."""

    def keys(self) -> Iterable[str]:
        """Return the names of the members."""

    def __contains__(self, name: object, /) -> bool:
        """Return whether a member has this name."""

    def __getitem__(self, name: str, /) -> Any:
        """Return a member: an array or a group."""
