"""What to do about data without usable expression: matrices under other names, corrected counts."""

from typing import Final

from spatialcore.annotation.expression.data import Data
from spatialcore.core.normalization import Status, XState, matrix_state
from spatialcore.errors import InputError

LOGARITHMS: Final[tuple[XState, ...]] = ("log1p_10k", "log1p_cpm", "log1p_other")
PROVIDE: Final = 'provide raw counts in X, layers["counts"] or raw.X'
CORRECTED: Final = (
    '; if X was corrected for ambient RNA, put the uncorrected counts into layers["counts"], or the values rounded'
)


def what_to_provide(data: Data, status: Status) -> str:
    """Return a hint for data without usable expression.

    Parameters
    ----------
    data
        An open file or data in memory.
    status
        Its status: no raw counts, and no usable values in X.

    Returns
    -------
    str
        A matrix of the data that can be used, if there is one; else what to provide.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> from spatialcore.annotation.expression.data import InMemory
    >>> counts = np.random.default_rng(0).poisson(2.0, (20, 5)).astype("float32")
    >>> data = InMemory(AnnData(-counts - 0.5, layers={"umi": counts}))
    >>> what_to_provide(data, data.status())
    "layers['umi'] has raw counts: rename it to layers['counts']"
    """
    for source in data.sources():
        try:
            state = matrix_state(data.gene_matrix(source))
        except InputError:  # another shape, or damaged
            continue
        name = f"layers[{source.removeprefix('layers/')!r}]" if source.startswith("layers/") else source
        if state == "raw" and source.startswith("layers/"):
            return f"{name} has raw counts: rename it to layers['counts']"
        if state in LOGARITHMS and source.startswith("layers/"):
            return f"{name} has log-transformed values: pass them as X"
    return PROVIDE + (CORRECTED if status["x_state"] == "linear" else ", or log1p(10k) in X")
