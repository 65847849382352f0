"""Sections with known truth: cells drawn from mean profiles, with gene efficiencies, ambient counts and spill-over.

Cells are on a grid, 10 micrometres apart. Each sends a share of its counts to its eight nearest neighbours, less to
more distant ones; shares are drawn from a beta distribution around a mean.
"""

from pathlib import Path

import anndata
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from benchmarks.data.open_pairs import Pair

Floats = npt.NDArray[np.float64]
SIDE = 40
SPACING = 10.0
REACH = 6.0
NEIGHBOURS = 8
MIN_GENES = 60


def simulate(
    name: str,
    data: Path,
    profiles: tuple[str, str],
    panel: str,
    names: dict[str, str],
    *,
    spill: float,
    seed: int,
    depth: float = 150,
    efficiency: float = 0.6,
    ambient: float = 0.05,
    per_type: int = 100,
) -> Pair:
    """Draw a reference from the first profiles and a section from the second ones, with types named by `names`.

    Parameters
    ----------
    profiles
        File names of two tables of mean profiles, types x genes; the second is for the query.
    panel
        Name of the panel whose genes are measured.
    spill, ambient
        Mean share of a cell's counts that go to its neighbours, and share that comes from the section's mean.
    efficiency
        Standard deviation of the logarithm of the gene efficiencies.
    """
    rng = np.random.default_rng(seed)
    reference_profiles, query_profiles = (anndata.read_h5ad(data / f"{name}.h5ad") for name in profiles)
    genes = [g for g in panel_genes(data, panel) if g in reference_profiles.var_names and g in query_profiles.var_names]
    if len(genes) < MIN_GENES:
        raise ValueError(f"{panel} shares {len(genes)} genes with the profiles")
    types, labels = (
        np.array([names.get(str(t), str(t)) for t in table.obs_names]) for table in (reference_profiles, query_profiles)
    )
    codes_of_cells = np.repeat(np.arange(len(types)), per_type)
    reference = draw_cells(
        _shares(reference_profiles, genes)[codes_of_cells], 4000 * rng.lognormal(0, 0.4, len(codes_of_cells)), rng
    )
    shares = _shares(query_profiles, genes)
    shares = shares * rng.lognormal(0, efficiency, shares.shape[1])
    shares /= shares.sum(axis=1, keepdims=True)
    places, codes = layout(len(labels), rng)
    query = spilled(shares, codes, places, depth, ambient, spill, rng)
    expressed = np.asarray(reference.sum(axis=1)).ravel() > 0
    return Pair(
        name,
        reference[expressed],
        types[codes_of_cells][expressed],
        query,
        labels[codes],
        tuple(genes),
        positions=places,
    )


def panel_genes(data: Path, panel: str) -> list[str]:
    """Return the genes of one of the pre-designed panels."""
    table = pd.read_csv(data / "panels" / f"{panel}.csv")
    return list(dict.fromkeys(table.iloc[:, 0].astype(str)))


def _shares(table: anndata.AnnData, genes: list[str]) -> Floats:
    counts = np.asarray(sparse.csr_matrix(table.X).toarray(), dtype=np.float64)
    selected: Floats = (counts / counts.sum(axis=1, keepdims=True))[:, table.var_names.get_indexer(genes)]
    return selected


def layout(n_types: int, rng: np.random.Generator) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Return positions on a grid and the type of each cell: niches with different mixtures of types."""
    places = SPACING * np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1).reshape(-1, 2).astype(float)
    centres = rng.uniform(0, SPACING * SIDE, (6, 2))
    niche = np.asarray(cKDTree(centres).query(places)[1])
    mixtures = rng.dirichlet(np.full(n_types, 0.5), len(centres))
    codes = np.array([rng.choice(n_types, p=mixtures[k]) for k in niche], dtype=np.intp)
    return places, codes


def draw_cells(shares: Floats, totals: Floats, rng: np.random.Generator) -> sparse.csr_matrix:
    """Draw overdispersed counts (negative binomial, dispersion 0.5)."""
    rates = shares * totals[:, None] * rng.gamma(2.0, 0.5, shares.shape)
    return sparse.csr_matrix(rng.poisson(rates).astype(np.float32))


def spilled(
    shares: Floats,
    codes: npt.NDArray[np.intp],
    places: Floats,
    depth: float,
    ambient: float,
    spill: float,
    rng: np.random.Generator,
) -> sparse.csr_matrix:
    """Return the counts of a section: of each cell, less what it sends, plus what its neighbours send."""
    n = len(codes)
    totals = depth * rng.lognormal(0, 0.4, n) * np.asarray(rng.lognormal(0, 0.35, shares.shape[0]))[codes]
    counts = draw_cells(shares[codes], totals * (1 - ambient), rng)
    mean = np.bincount(codes, minlength=shares.shape[0]) @ shares / n
    counts = counts + sparse.csr_matrix(rng.poisson(np.outer(totals * ambient, mean)).astype(np.float32))
    if spill == 0:
        return sparse.csr_matrix(counts)
    distance, near = (np.asarray(part) for part in cKDTree(places).query(places, NEIGHBOURS + 1))
    weights = np.exp(-distance[:, 1:] / REACH) * rng.lognormal(0, 0.5, n)[near[:, 1:]]
    weights /= weights.sum(axis=1, keepdims=True)
    sent = rng.beta(4 * spill, 4 * (1 - spill), n)
    rows = np.repeat(np.arange(n), NEIGHBOURS)
    route = sparse.csr_matrix(((sent[:, None] * weights).ravel(), (near[:, 1:].ravel(), rows)), shape=(n, n))
    received = sparse.csr_matrix(rng.poisson((route @ counts).toarray()).astype(np.float32))
    remaining = counts.copy()
    remaining.data = rng.binomial(counts.data.astype(int), np.repeat(1 - sent, np.diff(counts.indptr))).astype(
        np.float32
    )
    total = sparse.csr_matrix(remaining + received)
    total.eliminate_zeros()
    return total
