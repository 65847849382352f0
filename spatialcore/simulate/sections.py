"""Simulate a section of an imaging platform, with spill-over between neighbouring cells and its truth."""

from typing import Final

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.expression.find import find_counts
from spatialcore.annotation.training.platform.simulate import draw_counts
from spatialcore.core.categories import named
from spatialcore.core.counts import recover_counts
from spatialcore.core.matrix import open_matrix
from spatialcore.core.normalization import check_normalization_status, normalize_rows, row_totals
from spatialcore.core.types import Codes, Floats
from spatialcore.core.validation import require_column, require_whole, require_within
from spatialcore.errors import InputError
from spatialcore.simulate.layouts import LAYOUTS, Layout, draw_types, grid
from spatialcore.simulate.transport import Spilled, spill

TYPE_SIZE_SPREAD: Final = 0.35
CELL_SIZE_SPREAD: Final = 0.4
SHARE_CONCENTRATION: Final = 4.0


def section(
    reference: AnnData,
    label_column: str = "cell_type",
    *,
    layout: Layout = "niches",
    spill_share: float = 0.2,
    depth: float = 150.0,
    n_cells: int = 1296,
    spacing: float = 10.0,
    reach: float = 6.0,
    efficiency_spread: float = 0.5,
    ambient_share: float = 0.03,
    dispersion: float = 0.0,
    repeat_cells: bool = True,
    random_state: int = 0,
) -> AnnData:
    """Simulate a section in which the cells' own and received counts are known.

    Each cell is measured from a reference cell of its type: Poisson counts with an efficiency per gene, an ambient
    share from the mean of the section, and a depth that varies by type and cell. Then every cell sends a share of its
    counts to its eight nearest neighbours.

    Parameters
    ----------
    reference
        Labelled cells with counts or log1p values, or mean profiles on a linear scale; genes of the panel only.
    label_column
        Column of ``reference.obs`` with the type.
    layout
        "niches", "mixed", "nests" or "homogeneous", see :func:`spatialcore.simulate.layouts.draw_types`.
    spill_share
        Mean share s of a cell's counts that go to its neighbours; the share of a cell is drawn from
        ``Beta(4 s, 4 (1 - s))``.
    depth
        Median counts of a cell; lognormal by type (standard deviation 0.35) and cell (0.4).
    n_cells
        Number of cells.
    spacing, reach
        Distance of neighbouring cells, and length over which transcripts spread, in micrometres.
    efficiency_spread
        Standard deviation of the logarithm of the efficiencies of genes.
    ambient_share
        Share of a cell's counts that come from the mean of the section.
    dispersion
        Of a negative binomial; 0 for Poisson. About 0.5 for a reference of mean profiles.
    repeat_cells
        Whether several cells may be measured from one reference cell. Otherwise each reference cell is used once at
        most, and places of a type of which no reference cell is left stay empty: the result has fewer cells.
    random_state
        Seed.

    Returns
    -------
    AnnData
        Counts in X. ``obs["true_cell_type"]``; ``obs["true_foreign_share"]``, the share of a cell's counts that came
        from cells of another type; ``obs["true_second_type"]``, the type that most of these came from, or empty text;
        ``obs["true_sent_share"]``. ``layers["expressed"]``: counts before spill-over; ``layers["own"]``: those that
        stayed. Coordinates in ``obsm["spatial"]``, settings in ``uns["simulation"]``.

    Raises
    ------
    LabelColumnError
        The column is missing.
    InputError
        A setting out of range, fewer than two types, or a reference cell without counts.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> obs = pd.DataFrame({"cell_type": ["B cell", "T cell"]}, index=["b", "t"])
    >>> genes = pd.DataFrame(index=["MS4A1", "CD3E", "ACTB"])
    >>> profiles = AnnData(np.array([[9.0, 1.0, 4.0], [1.0, 9.0, 4.0]]), obs=obs, var=genes)
    >>> cells = section(profiles, layout="mixed", spill_share=0.3, n_cells=100)
    >>> cells.obs[["true_cell_type", "true_foreign_share", "true_second_type"]].head(3).round(2)
           true_cell_type  true_foreign_share true_second_type
    cell_0         T cell                0.07           B cell
    cell_1         T cell                0.03           B cell
    cell_2         T cell                0.03           B cell
    """
    _check(layout, spill_share, depth, n_cells, ambient_share)
    counts, codes, names = _labelled_counts(reference, label_column)
    rng = np.random.default_rng(random_state)
    coordinates = grid(n_cells, spacing)
    types = draw_types(layout, coordinates, len(names), rng)
    rows = _draw_reference_cells(codes, types, rng) if repeat_cells else _draw_each_once(codes, types, rng)
    coordinates, types, rows = coordinates[rows >= 0], types[rows >= 0], rows[rows >= 0]
    n_cells = len(rows)
    shares = _measured_shares(counts, efficiency_spread, rng)[rows]
    totals = depth * rng.lognormal(0, CELL_SIZE_SPREAD, n_cells) * rng.lognormal(0, TYPE_SIZE_SPREAD, len(names))[types]
    expressed = _draw(shares, totals, ambient_share, dispersion, rng)
    s = spill_share
    sent = rng.beta(SHARE_CONCENTRATION * s, SHARE_CONCENTRATION * (1 - s), n_cells) if s else np.zeros(n_cells)
    result = _annotated(expressed, spill(expressed, types, coordinates, sent, reach, rng), types, names, sent)
    result.var_names = reference.var_names
    result.obsm[columns.SPATIAL] = coordinates
    settings = {"layout": layout, "spill_share": s, "depth": depth, "spacing": spacing, "reach": reach}
    result.uns["simulation"] = settings | {"ambient_share": ambient_share, "random_state": random_state}
    return result


def _check(layout: str, spill_share: float, depth: float, n_cells: int, ambient_share: float) -> None:
    if layout not in LAYOUTS:
        raise InputError(f"layout {layout!r} is unknown", hint=f"one of {', '.join(LAYOUTS)}")
    require_within("spill_share", spill_share, 0, 0.9, hint="0.2 is the default")
    require_within("ambient_share", ambient_share, 0, 0.9, hint="0.03 is the default")
    require_within("depth", depth, 1, 1e6, hint="median counts of a cell, 150 is the default")
    require_whole("n_cells", n_cells, minimum=10, hint="1296 is the default")


def _labelled_counts(reference: AnnData, label_column: str) -> tuple[sparse.csr_matrix, Codes, list[str]]:
    require_column(reference.obs.columns, label_column)
    counts = _linear_values(reference)
    codes, names = pd.factorize(reference.obs[label_column].astype(str), sort=True)
    if len(names) < 2:
        raise InputError(f"the reference has {len(names)} type, expected at least two", hint="add cells of other types")
    if (row_totals(counts) <= 0).any():
        raise InputError("a reference cell has no counts", hint="remove cells without counts")
    return counts, codes.astype(np.intp), list(names)


def _linear_values(reference: AnnData) -> sparse.csr_matrix:
    """Return counts, or means on a linear scale as they are."""
    rows = np.arange(reference.n_obs)
    if check_normalization_status(reference)["x_state"] == "linear":
        return open_matrix(reference.X).take(rows)
    matrix, kind, _ = find_counts(reference)
    values = open_matrix(matrix).take(rows)
    return values if kind == "counts" else recover_counts(values)[0]


def _draw_reference_cells(codes: Codes, types: Codes, rng: np.random.Generator) -> Codes:
    """Return a random reference cell of the type of each cell."""
    order, sizes = np.argsort(codes, kind="stable"), np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    drawn: Codes = order[starts[types] + (rng.random(len(types)) * sizes[types]).astype(np.intp)]
    return drawn


def _draw_each_once(codes: Codes, types: Codes, rng: np.random.Generator) -> Codes:
    """Return a reference cell of the type of each cell, none of them twice, and -1 where none is left."""
    drawn = np.full(len(types), -1)
    for kind in range(codes.max() + 1):
        places, cells = (rng.permutation(np.flatnonzero(values == kind)) for values in (types, codes))
        n = min(len(places), len(cells))
        drawn[places[:n]] = cells[:n]
    return drawn


def _measured_shares(counts: sparse.csr_matrix, spread: float, rng: np.random.Generator) -> sparse.csr_matrix:
    efficiency = rng.lognormal(0, spread, counts.shape[1])
    values = counts.data * efficiency[counts.indices]
    return normalize_rows(sparse.csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape))


def _draw(
    shares: sparse.csr_matrix, totals: Floats, ambient: float, dispersion: float, rng: np.random.Generator
) -> sparse.csr_matrix:
    rates = shares.data * np.repeat(totals * (1 - ambient), np.diff(shares.indptr))
    if dispersion > 0:
        rates = rates * rng.gamma(1 / dispersion, dispersion, len(rates))
    drawn = rng.poisson(rates).astype(np.float32)
    counts = sparse.csr_matrix((drawn, shares.indices, shares.indptr), shape=shares.shape, copy=True)
    counts = sparse.csr_matrix(counts + draw_counts(totals * ambient, np.asarray(shares.mean(axis=0)).ravel(), rng))
    counts.eliminate_zeros()
    return counts


def _annotated(expressed: sparse.csr_matrix, spilled: Spilled, types: Codes, names: list[str], sent: Floats) -> AnnData:
    measured = sparse.csr_matrix(spilled.remaining + spilled.received)
    n = len(types)
    foreign = spilled.sources.copy()
    own_type = types < foreign.shape[1]
    foreign[np.flatnonzero(own_type), types[own_type]] = 0.0
    second = np.where(foreign.sum(axis=1) > 0, np.array(names, dtype=object)[foreign.argmax(axis=1)], "")
    obs = pd.DataFrame(
        {
            "true_cell_type": named(types, names, ""),
            "true_foreign_share": foreign.sum(axis=1) / np.maximum(row_totals(measured), 1.0),
            "true_second_type": pd.Categorical(second),
            "true_sent_share": sent,
        },
        index=[f"cell_{i}" for i in range(n)],
    )
    result = AnnData(measured, obs=obs, uns={columns.SOURCE: {"unit": "µm", "places": "simulated"}})
    result.layers["expressed"], result.layers["own"] = expressed, spilled.remaining
    return result
