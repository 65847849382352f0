"""The open pairs of reference and query for benchmarks of accuracy and calibration.

Both sides have the same coarse labels. All methods get the same counts on the shared genes; for the data set without
counts (Xin), counts are recovered approximately.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import anndata
import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.core.counts import recover_counts
from spatialcore.core.genes.symbols import is_control
from spatialcore.core.normalization import log1p_normalize

COARSE = "cell_type_coarse"
Labels = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Pair:
    """Labelled reference counts and query counts on the same genes.

    ``positions`` are the coordinates of the query cells, ``donors`` the donor or sample of each reference cell; both
    are ``None`` if the data have none. ``coarser`` maps reference labels that are subtypes of a true label.
    """

    name: str
    reference: sparse.csr_matrix
    labels: Labels
    query: sparse.csr_matrix
    truth: Labels
    genes: tuple[str, ...]
    counts_known: bool = True
    positions: npt.NDArray[np.float64] | None = None
    donors: Labels | None = None
    coarser: dict[str, str] | None = None

    @property
    def in_reference(self) -> npt.NDArray[np.bool_]:
        """Whether the type of each query cell is in the reference."""
        return np.isin(self.truth, self.as_truth(self.labels))

    def as_truth(self, labels: Labels) -> Labels:
        """Return labels in the terms of the truth: a subtype becomes its coarser type."""
        names = self.coarser or {}
        return np.array([names.get(str(label), str(label)) for label in labels], dtype=str)

    def without(self, label: str) -> "Pair":
        """Return the pair with one type hidden from the reference."""
        return self.reference_rows(self.labels != label)

    def reference_rows(self, rows: npt.NDArray[np.bool_]) -> "Pair":
        """Return the pair with some of the reference cells."""
        donors = None if self.donors is None else self.donors[rows]
        return replace(self, reference=self.reference[rows], labels=self.labels[rows], donors=donors)

    def query_rows(self, rows: npt.NDArray[np.intp], name: str) -> "Pair":
        """Return the pair with some of the query cells, under another name."""
        positions = None if self.positions is None else self.positions[rows]
        return replace(self, name=name, query=self.query[rows], truth=self.truth[rows], positions=positions)

    def reference_data(self) -> AnnData:
        """Return the reference for training: log1p(10k) in X, counts in a layer."""
        obs = pd.DataFrame({columns.UNIFIED_CELL_TYPE: self.labels}, index=_ids("r", len(self.labels)))
        adata = AnnData(log1p_normalize(self.reference, 1e4), obs, pd.DataFrame(index=list(self.genes)))
        adata.layers[columns.COUNTS] = self.reference
        if self.donors is not None:
            adata.obs["donor_id"] = self.donors
        return adata

    def query_data(self, counts: sparse.csr_matrix | None = None) -> AnnData:
        """Return the query: counts in X, or log1p(10k) for data without counts."""
        counts = self.query if counts is None else counts
        values = counts.copy() if self.counts_known else log1p_normalize(counts, 1e4)
        obs = pd.DataFrame({"truth": self.truth}, index=_ids("q", len(self.truth)))
        adata = AnnData(values, obs, pd.DataFrame(index=list(self.genes)))
        if self.positions is not None:
            adata.obsm["spatial"] = self.positions
        return adata


def open_pairs(data: Path) -> Iterator[Pair]:
    """Yield the pairs from the folder of open data."""
    makers: tuple[Callable[[Path], Pair], ...] = (
        lambda path: _lung(path, "lung > CosMx 960, 150 counts", depth=150, efficiency=1.0, ambient=0.15, seed=1),
        lambda path: _lung(path, "lung > CosMx 960, 60 counts", depth=60, efficiency=1.0, ambient=0.25, seed=2),
        _breast,
        _pbmc68k,
        lambda path: _thinned(_pbmc68k(path), 50),
        _pancreas,
        _assays,
    )
    return (maker(data) for maker in makers)


def _ids(prefix: str, n: int) -> list[str]:
    return [f"{prefix}{i}" for i in range(n)]


def pair_of(
    name: str, reference: AnnData, query: AnnData, *, counts_known: bool = True, donor_column: str | None = None
) -> Pair:
    """Return a pair of two labelled data sets on their shared genes."""
    shared = [gene for gene in query.var_names if gene in set(reference.var_names) and not is_control(gene)]
    counts, query_counts = _counts(reference)[:, reference.var_names.get_indexer(shared)], _counts(query)
    labels, truth = reference.obs[COARSE].astype(str).to_numpy(), query.obs[COARSE].astype(str).to_numpy()
    nonempty = np.asarray(counts.sum(axis=1)).ravel() > 0
    query_counts = query_counts[:, query.var_names.get_indexer(shared)]
    positions = np.asarray(query.obsm["spatial"], dtype=np.float64) if "spatial" in query.obsm else None
    donors = reference.obs[donor_column].astype(str).to_numpy()[nonempty] if donor_column else None
    return Pair(
        name,
        counts[nonempty],
        labels[nonempty],
        query_counts,
        truth,
        tuple(shared),
        counts_known,
        positions,
        donors,
    )


def _counts(adata: AnnData) -> sparse.csr_matrix:
    return recover_counts(adata.X)[0]


def _breast(data: Path) -> Pair:
    reference = anndata.read_h5ad(data / "nsclc_zilionis300.h5ad")
    query = anndata.read_h5ad(data / "spatial_xenium_breast_scider.h5ad")
    rows = np.sort(np.random.default_rng(0).choice(query.n_obs, 3000, replace=False))
    return pair_of("lung tumour > Xenium breast", reference, query[rows].copy())


def _pbmc68k(data: Path) -> Pair:
    names = ("pbmc_symphony_3assay", "pbmc68k_reduced")
    return pair_of("PBMC > PBMC 68k", *(anndata.read_h5ad(data / f"{name}.h5ad") for name in names))


def _pancreas(data: Path) -> Pair:
    reference = anndata.read_h5ad(data / "pancreas_baron_h1.h5ad")
    query = anndata.read_h5ad(data / "pancreas_xin_scclassify.h5ad")
    return pair_of("pancreas > Xin, no counts", reference, query, counts_known=False)


def _assays(data: Path) -> Pair:
    adata = anndata.read_h5ad(data / "pbmc_symphony_3assay.h5ad")
    five = (adata.obs["donor"] == "5p").to_numpy()
    return pair_of("PBMC 3' > 5'", adata[~five].copy(), adata[five].copy())


def _thinned(pair: Pair, depth: float) -> Pair:
    from spatialcore.annotation.training.platform.simulate import thin_to_depths

    thinned = thin_to_depths(pair.query, np.array([depth]), np.random.default_rng(0))
    return Pair(f"{pair.name}, {depth:.0f} counts", pair.reference, pair.labels, thinned, pair.truth, pair.genes)


LUNG_COARSE = {
    "B.cell": "B",
    "CD4+.T.cell": "T",
    "CD8+.cytotoxic.T.cell": "T",
    "regulatory.T.cell": "T",
    "MARCOneg.macrophage": "Macrophage",
    "MARCOpos.macrophage": "Macrophage",
    "activated.dendritic.cell": "DC",
    "dendritic.cell.type.1": "DC",
    "dendritic.cell.type.2": "DC",
    "blood.vessel.cell": "Endothelial",
    "lymph.vessel.cell": "Endothelial",
}


def lung_settings(data: Path) -> Iterator[Pair]:
    """Yield the simulated lung pair with several depths, gene efficiencies, ambient shares and donor differences."""
    settings = ((150, 0.7, 0.15, 0.4), (50, 0.9, 0.25, 0.4), (100, 0.5, 0.05, 0.4), (100, 0.0, 0.0, 0.7))
    for seed, (depth, efficiency, ambient, donors) in enumerate(settings, start=11):
        name = f"{depth} counts, efficiency {efficiency}, ambient {ambient}, donors {donors}"
        yield _lung(data, name, depth=depth, efficiency=efficiency, ambient=ambient, donors=donors, seed=seed)


def open_lung(data: Path, *, depth: float) -> Pair:
    """Return a simulated lung pair with the 21 types of the atlas."""
    return _lung(data, f"lung, {depth:.0f} counts", depth=depth, efficiency=1.0, ambient=0.15, seed=1, names={})


def _lung(
    data: Path,
    name: str,
    *,
    depth: float,
    efficiency: float,
    ambient: float,
    seed: int,
    donors: float = 0.7,
    names: dict[str, str] = LUNG_COARSE,
) -> Pair:
    """Simulate both sides from mean profiles of 21 lung types, renamed by ``names``.

    The reference is a deep single-cell data set. The query is a shallow panel with gene efficiencies, an ambient share,
    unequal types, and profiles that differ from those of the reference (another donor).
    """
    rng = np.random.default_rng(seed)
    atlas = anndata.read_h5ad(data / "profile_lung_hca.h5ad")
    transcripts = pd.read_csv(data / "bundles/giotto_cosmx_lung12/Lung12_tx_file.csv", usecols=["target"])
    panel = sorted(set(transcripts["target"]) & set(atlas.var_names))
    profiles = np.asarray(atlas.X.todense(), dtype=np.float64)
    profiles /= profiles.sum(axis=1, keepdims=True)
    columns_of_panel = atlas.var_names.get_indexer(panel)
    types = np.array([names.get(str(one), str(one)) for one in atlas.obs["cell_type"]])
    reference_types = np.repeat(np.arange(len(types)), 100)
    deep = 4000 * rng.lognormal(0, 0.4, len(reference_types))
    reference = _draw(profiles[reference_types][:, columns_of_panel], deep, rng)
    query_types = np.repeat(np.arange(len(types)), rng.multinomial(1500, rng.dirichlet(np.full(len(types), 1.5))))
    profile = (
        profiles[:, columns_of_panel]
        * rng.lognormal(0, donors, (len(types), len(columns_of_panel)))
        * rng.lognormal(0, efficiency, len(columns_of_panel))
    )
    profile /= profile.sum(axis=1, keepdims=True)
    mean = np.bincount(query_types, minlength=len(types)) @ profile / len(query_types)
    shallow = depth * rng.lognormal(0, 0.5, len(query_types))
    own_part = _draw(profile[query_types], shallow * (1 - ambient), rng)
    query = own_part + sparse.csr_matrix(rng.poisson(np.outer(shallow * ambient, mean)).astype(np.float32))
    nonempty = np.asarray(reference.sum(axis=1)).ravel() > 0
    return Pair(
        name,
        reference[nonempty],
        types[reference_types][nonempty],
        sparse.csr_matrix(query),
        types[query_types],
        tuple(panel),
    )


def _draw(
    shares: npt.NDArray[np.float64], totals: npt.NDArray[np.float64], rng: np.random.Generator
) -> sparse.csr_matrix:
    """Draw overdispersed counts (negative binomial, dispersion 0.5)."""
    rates = shares * totals[:, None] * rng.gamma(2.0, 0.5, shares.shape)
    return sparse.csr_matrix(rng.poisson(rates).astype(np.float32))
