"""Sources of simulated sections: training cells, and cells or profiles from which the section is drawn.

The two never share a cell: they are of different cells of a study, different assays, or different studies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from benchmarks.data.simulated_sections import draw_cells, panel_genes

TYPE = "cell_type"
MIN_CELLS = 10
LUNG_TYPES = {
    "MARCOneg.macrophage": "macrophage",
    "MARCOpos.macrophage": "macrophage",
    "activated.dendritic.cell": "dendritic cell",
    "dendritic.cell.type.1": "dendritic cell",
    "dendritic.cell.type.2": "dendritic cell",
}
TUMOUR_TYPES = {
    "B.cell": "B",
    "CD4+.T.cell": "T",
    "CD8+.cytotoxic.T.cell": "T",
    "MARCOneg.macrophage": "Myeloid",
    "MARCOpos.macrophage": "Myeloid",
    "blood.vessel.cell": "Endothelial",
    "fibroblast": "Fibroblast",
    "natural.killer.cell": "NK",
    "mast.cell": "Mast",
    "plasma.cell": "Plasma",
    "alveolar.epithelial.cell.type.2": "Epithelial",
    "plasmacytoid.dendritic.cell": "pDC",
}
STROMA = ("endothelial", "activated_stellate", "quiescent_stellate", "ductal")
LYMPHOCYTES = ("T_CD4", "T_CD8", "B", "NK")
SPILL_SOURCES = ("lung", "tumour", "pancreas", "blood", "mix")


@dataclass(frozen=True)
class Source:
    """Labelled training cells, and cells or profiles from which sections are drawn, on the same genes."""

    name: str
    reference: AnnData
    drawn_from: AnnData
    dispersion: float = 0.0


def sources(data: Path, names: tuple[str, ...] = (), halves: int = 5) -> list[Source]:
    """Return the sources with some names; those of the spill-over sections by default.

    Parameters
    ----------
    halves
        Seed by which the cells of a study are divided into reference and cells to draw from.
    """
    makers: dict[str, Callable[[Path], Source]] = {
        "lung": _lung,
        "tumour": _tumour,
        "pancreas": partial(_pancreas, halves=halves),
        "blood": _blood,
        "mix": partial(_mix, halves=halves),
        "blood_halves": partial(_blood_halves, halves=halves),
    }
    return [make(data) for name, make in makers.items() if name in (names or SPILL_SOURCES)]


def _read(data: Path, name: str) -> AnnData:
    return anndata.read_h5ad(data / f"{name}.h5ad")


def _labelled(adata: AnnData, labels: "pd.Series[str]", genes: list[str], min_cells: int = MIN_CELLS) -> AnnData:
    """Return cells with counts on some genes, without small types and cells without a label."""
    values = sparse.csr_matrix(adata[:, genes].X).astype(np.float32)
    obs = pd.DataFrame({TYPE: labels.astype(str).to_numpy()}, index=adata.obs_names)
    is_used = (obs[TYPE] != "").to_numpy() & (np.asarray(values.sum(axis=1)).ravel() > 0)
    sizes = obs[TYPE][is_used].value_counts()
    is_used &= obs[TYPE].map(sizes).fillna(0).to_numpy() >= min_cells
    return AnnData(values[is_used], obs=obs[is_used], var=pd.DataFrame(index=genes))


def _common(reference: AnnData, drawn_from: AnnData) -> tuple[AnnData, AnnData]:
    """Return both with the types they share."""
    both = set(reference.obs[TYPE]) & set(drawn_from.obs[TYPE])
    one, other = (adata[adata.obs[TYPE].isin(both)].copy() for adata in (reference, drawn_from))
    return one, other


def _halves(adata: AnnData, seed: int) -> tuple[AnnData, AnnData]:
    first = np.random.default_rng(seed).random(adata.n_obs) < 0.5
    return _common(*(_labelled(part, part.obs[TYPE], list(adata.var_names)) for part in (adata[first], adata[~first])))


def _lung(data: Path) -> Source:
    atlas = _read(data, "profile_lung_hca")
    transcripts = pd.read_csv(data / "bundles/giotto_cosmx_lung12/Lung12_tx_file.csv", usecols=["target"])
    genes = sorted(set(transcripts["target"]) & set(atlas.var_names))
    profiles = _labelled(atlas, atlas.obs[TYPE].astype(str).replace(LUNG_TYPES), genes, min_cells=1)
    rows = np.repeat(np.arange(profiles.n_obs), 100)
    rng = np.random.default_rng(5)
    shares = profiles.X.toarray().astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    counts = draw_cells(shares[rows], 800 * rng.lognormal(0, 0.4, len(rows)), rng)
    obs = pd.DataFrame({TYPE: profiles.obs[TYPE].to_numpy()[rows]}, index=[f"r{i}" for i in range(len(rows))])
    return Source("lung", AnnData(counts, obs=obs, var=profiles.var), profiles, dispersion=0.5)


def _tumour(data: Path) -> Source:
    reference = _read(data, "nsclc_zilionis300")
    panel = set(panel_genes(data, "hLung")) | set(panel_genes(data, "hIO"))
    atlas = _read(data, "profile_lung_hca")
    genes = [gene for gene in reference.var_names if gene in panel and gene in atlas.var_names]
    labels = atlas.obs[TYPE].astype(str).map(TUMOUR_TYPES).fillna("")
    cells = _labelled(reference, reference.obs["cell_type_coarse"], genes, min_cells=5)
    return Source("tumour", *_common(cells, _labelled(atlas, labels, genes, min_cells=1)), dispersion=0.5)


def _pancreas(data: Path, halves: int) -> Source:
    adata = _read(data, "pancreas_baron_h1")
    genes = [gene for gene in panel_genes(data, "hMulti") if gene in adata.var_names]
    return Source("pancreas", *_halves(_labelled(adata, adata.obs[TYPE], genes), halves))


def _blood_cells(data: Path) -> tuple[AnnData, list[str]]:
    adata = _read(data, "pbmc_symphony_3assay")
    return adata, list(adata.var_names[np.argsort(-np.asarray(adata.X.mean(axis=0)).ravel(), kind="stable")[50:450]])


def _blood_halves(data: Path, halves: int) -> Source:
    adata, genes = _blood_cells(data)
    return Source("blood_halves", *_halves(_labelled(adata, adata.obs[TYPE], genes), halves))


def _blood(data: Path) -> Source:
    adata, genes = _blood_cells(data)
    five = (adata.obs["donor"] == "5p").to_numpy()
    parts = (_labelled(part, part.obs[TYPE], genes) for part in (adata[~five], adata[five]))
    return Source("blood", *_common(*parts))


def _mix(data: Path, halves: int) -> Source:
    stroma, blood = _read(data, "pancreas_baron_h1"), _read(data, "pbmc_symphony_3assay")
    genes = [gene for gene in blood.var_names if gene in stroma.var_names]
    panel = set(panel_genes(data, "hMulti")) | set(panel_genes(data, "hIO"))
    genes = [gene for gene in genes if gene in panel]
    parts = [
        _labelled(adata, adata.obs[TYPE].astype(str).where(adata.obs[TYPE].isin(types), ""), genes)
        for adata, types in ((stroma, STROMA), (blood, LYMPHOCYTES))
    ]
    return Source("mix", *_halves(anndata.concat(parts), halves))
