"""References and queries of known tissue, to test whether a reference fits."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anndata
import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData
from scipy import sparse

from benchmarks.data.open_pairs import COARSE, LUNG_COARSE
from benchmarks.data.simulated_sections import draw_cells, panel_genes
from benchmarks.data.study_pairs import BRAIN, LAYERS, NEURONS, NO_TYPE
from spatialcore.core.counts import recover_counts
from spatialcore.core.normalization import row_totals

TYPE = "cell_type"
MIN_CELLS = 10
PANELS = ("hMulti", "hIO", "hBreast", "hLung", "hColon", "hBrain")
LINEAGES = {
    "lymphocyte": "T T_CD4 T_CD8 t_cell NK natural.killer.cell",
    "B": "B plasma.cell Plasma",
    "myeloid": "Macrophage macrophage Mono Mono_CD14 Mono_CD16 monocyte DC Myeloid Microglia MG",
    "mast": "mast mast.cell Mast",
    "endothelial": "Endothelial endothelial END",
    "stroma": "Fibroblast fibroblast activated_stellate quiescent_stellate stellate muscle.cell Mural",
}
LINEAGE_OF = {name: lineage for lineage, names in LINEAGES.items() for name in names.split()}
RELATED = ({"breast", "lung tumour"}, {"lung", "lung tumour"}, {"brain", "cortex", "hypothalamus"})


@dataclass(frozen=True)
class Reference:
    """Labelled cells of a tissue."""

    name: str
    tissue: str
    cells: AnnData


@dataclass(frozen=True)
class Query:
    """A section, or cells or profiles from which sections are drawn, and the references that fit it."""

    name: str
    tissue: str
    cells: AnnData
    right: tuple[str, ...]
    is_section: bool = False
    is_profiles: bool = False

    def is_foreign(self, reference: Reference) -> bool:
        """Whether the reference is of a tissue that shares few types with the query's."""
        tissues = {self.tissue, reference.tissue}
        return len(tissues) > 1 and reference.name not in self.right and not any(tissues <= each for each in RELATED)


def lineages(cells: AnnData, tissue: str) -> npt.NDArray[np.str_]:
    """Return the lineage of each cell; a lineage that is only in this tissue has the tissue's name."""
    return np.array([LINEAGE_OF.get(name, f"{tissue} {name}") for name in cells.obs[TYPE].astype(str)])


def references(data: Path) -> dict[str, Reference]:
    """Return the references by name."""
    pancreas, blood, breast = (_halves(data, name) for name in ("pancreas", "blood", "breast"))
    drawn = (
        Reference("pancreas", "pancreas", pancreas[0]),
        Reference("blood", "blood", blood[0]),
        Reference("blood, coarse", "blood", _cells(data, "pbmc_symphony_3assay", COARSE)),
        Reference("half of breast", "breast", breast[0]),
        Reference("breast", "breast", _cells(data, "ref_breast_normal", COARSE, {"Mono": "Myeloid"})),
        Reference("lung tumour", "lung tumour", _cells(data, "nsclc_zilionis300", COARSE, min_cells=5)),
        Reference("lung", "lung", _drawn(data, "profile_lung_hca", LUNG_COARSE)),
        Reference("ileum", "gut", _drawn(data, "profile_ileum_wang", {})),
        Reference("Allen", "brain", _drawn(data, "profile_brain_allen", BRAIN)),
        Reference("cortex", "cortex", _cells(data, "ref_motor_cortex_dot", COARSE, LAYERS)),
        Reference("cortex, coarse", "cortex", _cells(data, "ref_motor_cortex_dot", COARSE, NEURONS)),
        Reference("hypothalamus", "hypothalamus", _cells(data, "ref_hypothalamus_moffitt10x", COARSE)),
        Reference("embryos 1, 3", "embryo", _embryos(data)[0]),
    )
    return {reference.name: reference for reference in drawn}


def queries(data: Path) -> Iterator[Query]:
    """Yield the queries."""
    for name, right in (("pancreas", "pancreas"), ("blood", "blood"), ("breast", "half of breast")):
        yield Query(name, name, _on_panel(data, _halves(data, name)[1], "hMulti", "hIO", "hBreast"), (right,))
    for name, tissue, file, panel, names, right in (
        ("lung", "lung", "profile_lung_hca", "hLung", LUNG_COARSE, "lung"),
        ("rectum", "gut", "profile_rectum_wang", "hColon", {}, "ileum"),
        ("DroNc", "brain", "profile_brain_dronc", "hBrain", BRAIN, "Allen"),
    ):
        yield Query(name, tissue, _on_panel(data, _profiles(data, file, names), panel), (right,), is_profiles=True)
    sections = (
        ("Xenium", "breast", "spatial_xenium_breast_scider", ("breast", "lung tumour")),
        ("STARmap", "cortex", "spatial_starmap_v1", ("cortex",)),
        ("MERFISH", "hypothalamus", "spatial_merfish_poa_section", ("hypothalamus",)),
        ("PBMC 68k", "blood", "pbmc68k_reduced", ("blood, coarse",)),
    )
    for name, tissue, file, fitting in sections:
        yield Query(name, tissue, _cells(data, file, COARSE), fitting, is_section=True)
    yield Query("embryo 2", "embryo", _embryos(data)[1], ("embryos 1, 3",), is_section=True)


def _labelled(adata: AnnData, counts: sparse.csr_matrix, labels: "pd.Series[str]", min_cells: int) -> AnnData:
    used = (~labels.isin([NO_TYPE, "", "nan"])).to_numpy() & (row_totals(counts) > 0)
    used &= labels.map(labels[used].value_counts()).fillna(0).to_numpy() >= min_cells
    genes = pd.Index([str(name).upper() for name in adata.var_names])
    first = ~genes.duplicated()
    obs = pd.DataFrame({TYPE: labels[used].to_numpy()}, index=[f"c{i}" for i in range(used.sum())])
    return AnnData(counts[used][:, first], obs=obs, var=pd.DataFrame(index=genes[first]))


def _cells(
    data: Path, file: str, column: str, names: dict[str, str] | None = None, min_cells: int = MIN_CELLS
) -> AnnData:
    adata = anndata.read_h5ad(data / f"{file}.h5ad")
    counts = sparse.csr_matrix(recover_counts(adata.X)[0]).astype(np.float32)
    return _labelled(adata, counts, adata.obs[column].astype(str).replace(names or {}), min_cells)


def _profiles(data: Path, file: str, names: dict[str, str]) -> AnnData:
    table = anndata.read_h5ad(data / f"{file}.h5ad")
    types = table.obs[TYPE] if TYPE in table.obs else pd.Series(table.obs_names, index=table.obs_names)
    shares = np.asarray(sparse.csr_matrix(table.X).todense(), dtype=np.float64)
    shares *= 1e6 / shares.sum(axis=1, keepdims=True)
    return _labelled(table, sparse.csr_matrix(shares), types.astype(str).replace(names), 1)


def _drawn(data: Path, file: str, names: dict[str, str]) -> AnnData:
    """Return a hundred cells per profile, on the genes of the panels."""
    profiles, rng = _on_panel(data, _profiles(data, file, names), *PANELS), np.random.default_rng(1)
    rows = np.repeat(np.arange(profiles.n_obs), 100)
    counts = draw_cells(profiles.X.toarray()[rows] / 1e6, 4000 * rng.lognormal(0, 0.4, len(rows)), rng)
    obs = pd.DataFrame({TYPE: profiles.obs[TYPE].to_numpy()[rows]}, index=[f"d{i}" for i in range(len(rows))])
    return AnnData(counts, obs=obs, var=profiles.var)


def _on_panel(data: Path, cells: AnnData, *panels: str) -> AnnData:
    genes = {gene for panel in panels for gene in panel_genes(data, panel)}
    chosen = cells[:, [gene in genes for gene in cells.var_names]]
    return chosen[row_totals(sparse.csr_matrix(chosen.X)) > 0].copy()


def _halves(data: Path, name: str) -> tuple[AnnData, AnnData]:
    """Return two parts of a study: halves of its cells, or its assays."""
    file = {"pancreas": "pancreas_baron_h1", "blood": "pbmc_symphony_3assay", "breast": "ref_breast_normal"}[name]
    column, names = (COARSE, {"Mono": "Myeloid"}) if name == "breast" else (TYPE, None)
    if name == "blood":
        adata = anndata.read_h5ad(data / f"{file}.h5ad")
        second = (adata.obs["donor"] == "5p").to_numpy()
        counts, labels = recover_counts(adata.X)[0], adata.obs[column].astype(str)
        first, other = (_labelled(adata, counts[rows], labels[rows], MIN_CELLS) for rows in (~second, second))
        return first, other
    cells = _cells(data, file, column, names)
    drawn = np.random.default_rng(5).random(cells.n_obs) < 0.5
    return cells[drawn].copy(), cells[~drawn].copy()


def _embryos(data: Path) -> tuple[AnnData, AnnData]:
    adata = anndata.read_h5ad(data / "spatial_seqfish_embryo.h5ad")
    counts, labels = recover_counts(adata.X)[0], adata.obs[COARSE].astype(str)
    second = (adata.obs["embryo"] == "embryo2").to_numpy()
    first, other = (_labelled(adata, counts[rows], labels[rows], MIN_CELLS) for rows in (~second, second))
    return first, other
