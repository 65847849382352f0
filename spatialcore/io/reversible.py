"""Convert data to types that can be written, and undo the conversions when the file is written."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final

import pandas as pd
from anndata import AnnData

from spatialcore.core.validation import to_change
from spatialcore.io.storable import make_storable

PARTS: Final = ("layers", "obsm", "varm", "obsp")


@contextmanager
def storable(adata: AnnData, *, slashes: bool = True) -> Iterator[AnnData]:
    """Yield data that can be written; afterwards the user's data are what they were before.

    Parameters
    ----------
    adata
        In memory or backed. A view is copied.
    slashes
        Whether names may hold a slash, see :func:`~spatialcore.io.storable.make_storable`.

    Examples
    --------
    >>> import numpy as np
    >>> adata = AnnData(np.ones((1, 1)), uns={"tool": print})
    >>> with storable(adata) as converted:
    ...     type(converted.uns["tool"]).__name__
    'str'
    >>> adata.uns["tool"] is print
    True
    """
    if adata.is_view:
        yield make_storable(to_change(adata, copy=True), slashes=slashes)
        return
    obs, var, uns, raw = adata.obs, adata.var, adata.uns, adata.raw
    matrix = None if adata.isbacked else adata.X
    parts = {name: dict(getattr(adata, name).items()) for name in PARTS}
    try:
        adata.obs, adata.var = obs.copy(deep=False), var.copy(deep=False)  # text columns become categories in place
        yield make_storable(adata, slashes=slashes)
    finally:
        adata.obs, adata.var, adata.uns = obs, var, uns
        if raw is not None and adata.raw is not raw:
            adata.raw = AnnData(raw.X, pd.DataFrame(index=obs.index), raw.var, varm=dict(raw.varm))
        if matrix is not None and adata.X is not matrix:
            adata.X = matrix
        for name, elements in parts.items():
            _restore(getattr(adata, name), elements)


def _restore(part: MutableMapping[str, Any], elements: dict[str, Any]) -> None:
    for name in set(part) - set(elements):
        del part[name]
    for name, value in elements.items():
        if name not in part or part[name] is not value:
            part[name] = value
