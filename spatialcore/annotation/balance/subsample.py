"""Draw balanced training cells: capped per type, divided over the sources of a type.

Every type is capped. Within a type every source gets a share, in proportion to its cells or an equal one, but at least
a minimum and at most its cells; the other sources fill what one source lacks.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.annotation.balance.groups import group_cells, other_names, sources_of, without_rare
from spatialcore.annotation.balance.proportions import match_groups, read_proportions, resolve_sizes
from spatialcore.annotation.choices import BALANCE_STRATEGIES, BalanceStrategy
from spatialcore.columns import REFERENCE_SOURCE
from spatialcore.core.logging import get_logger
from spatialcore.core.sampling import cell_keys, level, share_out, take_off
from spatialcore.core.text.wording import number_of
from spatialcore.core.types import Ints
from spatialcore.core.validation import require_column, require_one_of, require_whole, takes_adata

log = get_logger(__name__)


@takes_adata
def subsample_balanced(
    adata: AnnData,
    label_column: str,
    max_cells_per_type: int = 5000,
    min_cells_per_type: int = 50,
    source_column: str | None = REFERENCE_SOURCE,
    source_balance: BalanceStrategy = "proportional",
    min_cells_per_source: int = 50,
    group_by_column: str | None = None,
    target_proportions: Mapping[str, float] | str | Path | None = None,
    random_state: int = 42,
    copy: bool = True,
) -> AnnData:
    """Draw a balanced subset: a limited number of cells of each type, divided over the sources that have the type.

    Which cells are drawn depends on their names and the seed, not on the order of rows, types or sources. The order of
    the cells is not changed.

    Parameters
    ----------
    adata
        Combined references.
    label_column
        The obs column of labels; cells without one are left out.
    max_cells_per_type
        Maximum of cells per type.
    min_cells_per_type
        Types with fewer cells are left out; 0: none is left out.
    source_column
        The obs column with the reference of each cell; None ignores references.
    source_balance
        "proportional" to the cells each source has of the type, or "equal".
    min_cells_per_source
        Minimum number of cells that each source contributes to a type, if it has as many.
    group_by_column
        Column that defines a type, usually the Cell Ontology id, so that two spellings of a type count as one type.
        Cells with an empty id are grouped by their label.
    target_proportions
        Share of the result per type, for references whose abundances do not represent the tissue: a mapping, a JSON
        file or a CSV file (cell_type, proportion). Keys are labels, CL names or CL ids.
    random_state
        Seed of the draw.
    copy
        Return a copy; False returns a view of ``adata``.

    Returns
    -------
    AnnData
        The drawn cells in the order of `adata`: a copy, or a view if `copy` is false.

    Raises
    ------
    LabelColumnError
        A column is missing.
    InputError
        A value is out of range, no cell remains, or a key of the proportions is unknown.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> obs = pd.DataFrame({"original_label": ["Macrophage"] * 350, "reference_source": ["a"] * 300 + ["b"] * 50})
    >>> obs.index = obs.index.astype(str)
    >>> whole = anndata.AnnData(np.ones((350, 1), "float32"), obs=obs)
    >>> drawn = subsample_balanced(whole, "original_label", max_cells_per_type=100, min_cells_per_source=10)
    >>> drawn.obs["reference_source"].value_counts().to_dict()
    {'a': 86, 'b': 14}
    """
    _check_values(max_cells_per_type, min_cells_per_type, min_cells_per_source, source_balance, random_state)
    for column, what in ((label_column, "Label"), (source_column, "Source"), (group_by_column, "Group")):
        if column is not None:
            require_column(adata.obs, column, what=f"{what} column")
    shares = None if target_proportions is None else read_proportions(target_proportions)
    groups = without_rare(group_cells(adata.obs, label_column, group_by_column), min_cells_per_type)
    sources = sources_of(adata.obs, source_column)
    available = np.bincount(groups.codes[groups.codes >= 0], minlength=len(groups.categories))
    caps = np.full(len(available), max_cells_per_type)
    sizes = np.minimum(available, caps)
    if shares is not None:
        names = other_names(adata.obs, groups, label_column)
        matched = match_groups(list(shares), list(groups.categories), names)
        sizes = resolve_sizes(available, caps, list(shares.values()), matched, min_cells_per_type)
    quota = _quotas(groups, sources, sizes, source_balance, min_cells_per_source)
    rows = _draw(adata.obs_names, groups, sources, quota, random_state)
    log.info("balanced: %d of %s, %s", len(rows), number_of(adata.n_obs, "cell"), number_of(len(available), "type"))
    if adata.isbacked and copy:
        return adata[rows].to_memory()
    return adata[rows].copy() if copy else adata[rows]


def source_targets(
    available: Ints, total: int, balance: BalanceStrategy = "proportional", min_cells_per_source: int = 50
) -> Ints:
    """Return how many cells each source contributes to one type.

    Parameters
    ----------
    available
        Cells of the type in each source.
    total
        Cells to draw of the type.
    balance
        "proportional" or "equal".
    min_cells_per_source
        Minimum of each source, as far as it has the cells; lowered evenly if the minima exceed the total.

    Examples
    --------
    >>> source_targets(np.array([30_000, 5_000]), 10_000).tolist()
    [8571, 1429]
    >>> source_targets(np.array([30_000, 5_000]), 10_000, "equal").tolist()
    [5000, 5000]
    """
    total = min(total, int(available.sum()))
    minimum = np.minimum(available, min_cells_per_source)
    if int(minimum.sum()) >= total:
        return level(total, minimum)
    targets = share_out(total, available, available) if balance == "proportional" else level(total, available)
    raised = np.maximum(targets, minimum)
    return take_off(raised, int(raised.sum()) - total, minimum)


def _check_values(max_type: int, min_type: int, min_source: int, balance: str, random_state: int) -> None:
    require_whole("max_cells_per_type", max_type, minimum=1, hint="5000 is the default")
    require_whole("min_cells_per_type", min_type, minimum=0, hint="0 keeps all types")
    require_whole("min_cells_per_source", min_source, minimum=0, hint="0 sets no minimum")
    require_whole("random_state", random_state, minimum=0, hint="42 is the default")
    require_one_of("source_balance", balance, BALANCE_STRATEGIES)


def _quotas(
    groups: pd.Categorical, sources: pd.Categorical, sizes: Ints, balance: BalanceStrategy, min_cells_per_source: int
) -> Ints:
    n_sources = len(sources.categories)
    grouped = groups.codes >= 0
    cells = np.asarray(groups.codes[grouped], np.int64) * n_sources + sources.codes[grouped]
    table = np.bincount(cells, minlength=len(sizes) * n_sources).reshape(len(sizes), n_sources)
    quota = np.zeros_like(table)
    for group, size in enumerate(sizes):
        present = np.flatnonzero(table[group])
        quota[group, present] = source_targets(table[group, present], int(size), balance, min_cells_per_source)
    return quota


def _draw(names: pd.Index, groups: pd.Categorical, sources: pd.Categorical, quota: Ints, seed: int) -> Ints:
    """Return the sorted rows whose keys are the smallest of their group and source."""
    rows = np.flatnonzero(groups.codes >= 0)
    stratum = np.asarray(groups.codes[rows], np.int64) * quota.shape[1] + sources.codes[rows]
    order = np.lexsort((cell_keys(names[rows], seed), stratum))
    counts = np.bincount(stratum, minlength=quota.size)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    is_drawn = rank < np.repeat(quota.ravel(), counts)
    return np.sort(rows[order[is_drawn]])
