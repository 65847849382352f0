"""Open pairs of reference and query from different studies: six with real sections, two with simulated ones.

Labels of both sides are mapped to common names. Query cells of types outside the reference remain in the query: they
are not in the accuracy, and count as wrong when they are called.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import anndata
import numpy as np
from anndata import AnnData

from benchmarks.data.open_pairs import COARSE, Pair, open_pairs, pair_of
from benchmarks.data.simulated_sections import simulate

NO_TYPE = "unknown"
LAYERS = {
    "L2/3 IT": "L2/3",
    "L5 IT": "L5",
    "L5 ET": "L5",
    "L5/6 NP": "L5",
    "L6 IT": "L6",
    "L6 IT Car3": "L6",
    "L6 CT": "L6",
}
NEURONS = dict.fromkeys(LAYERS, "Glut") | dict.fromkeys(("Pvalb", "Sst", "Lamp5", "Vip"), "GABA") | {"OPC": "Oligo"}
BRAIN = {
    "ASC1": "Astro",
    "ASC2": "Astro",
    "Astrocyte": "Astro",
    "END": "Endothelial",
    "MG": "Microglia",
    "ODC1": "Oligo",
    "ODC2": "Oligo",
    "Oligodendrocyte": "Oligo",
} | dict.fromkeys(("exCA1", "exCA3", "exDG", "exPFC1", "exPFC2"), "Glut")
BRAIN |= dict.fromkeys(("L2.3.IT", "L4.IT", "L5.ET", "L5.6.IT.Car3", "L5.6.NP", "L6.CT", "L6b"), "Glut")
BRAIN |= dict.fromkeys(("GABA1", "GABA2", "LAMP5", "PAX6", "PVALB", "SST", "VIP"), "GABA")

MYELOID = frozenset({"Macrophage", "monocyte", "DC"})
LYMPHOID = frozenset({"T", "natural.killer.cell"})
STROMA = frozenset({"fibroblast", "Fibroblast", "muscle.cell"})
# Calls with a reference of another tissue -> labels of the same lineage in the queries of foreign_pairs.
SAME_LINEAGE: dict[str, frozenset[str]] = {
    "B": frozenset({"B", "plasma.cell"}),
    "DC": MYELOID | {"plasmacytoid.dendritic.cell"},
    "Endothelial": frozenset({"Endothelial"}),
    "endothelial": frozenset({"Endothelial"}),
    "mast": frozenset({"mast.cell"}),
}
SAME_LINEAGE |= dict.fromkeys(("macrophage", "Mono", "Myeloid"), MYELOID)
SAME_LINEAGE |= dict.fromkeys(("NK", "T", "t_cell"), LYMPHOID)
SAME_LINEAGE |= dict.fromkeys(("Fibroblast", "Mural", "stellate"), STROMA)


def spatial_pairs(data: Path) -> Iterator[Pair]:
    """Yield the pairs with real sections."""
    makers: tuple[Callable[[Path], Pair], ...] = (_starmap, _osmfish, _merfish, _seqfish, _normal_breast, _breast)
    return (maker(data) for maker in makers)


def fine_pairs(data: Path) -> Iterator[Pair]:
    """Yield pairs whose reference has subtypes of the true types."""
    reference = _read(data, "ref_motor_cortex_dot")
    for name, query, names in (("STARmap V1", "starmap_v1", LAYERS), ("osmFISH", "osmfish_cortex", NEURONS)):
        pair = pair_of(f"motor cortex, 17 types > {name}", reference, _read(data, f"spatial_{query}"))
        yield replace(pair, coarser=names)


def foreign_pairs(data: Path) -> Iterator[Pair]:
    """Yield pairs whose reference is of another tissue or species than the query."""
    human = {
        name: _read(data, file) for name, file in (("pancreas", "pancreas_baron_h1"), ("blood", "pbmc_symphony_3assay"))
    }
    human["breast"] = _read(data, "ref_breast_normal", {"Mono": "Myeloid"})
    breast = _read(data, "spatial_xenium_breast_scider")
    breast = breast[np.sort(np.random.default_rng(1).choice(breast.n_obs, 3000, replace=False))].copy()
    brain, rectum = (_as_query(pair) for pair in reversed(list(profile_pairs(data))))
    lung = _as_query(next(open_pairs(data)))
    mouse = {name: _read(data, f"spatial_{file}") for name, file in (("MERFISH", "merfish_poa_section"),)}
    mouse["MERFISH"].var_names = [name.upper() for name in mouse["MERFISH"].var_names]
    queries = {"Xenium breast": breast, "brain, drawn": brain, "rectum, drawn": rectum, "lung, drawn": lung} | mouse
    chosen = {
        "pancreas": ("Xenium breast", "brain, drawn", "rectum, drawn", "lung, drawn"),
        "blood": ("Xenium breast", "brain, drawn", "lung, drawn", "MERFISH"),
        "breast": ("rectum, drawn", "lung, drawn", "MERFISH"),
    }
    for name, where in chosen.items():
        for query in where:
            yield pair_of(f"{name} > {query}", human[name], queries[query])


def skewed(pair: Pair, share: float, rng: np.random.Generator) -> Iterator[Pair]:
    """Yield queries in which one of the two most frequent types has a share; cells are drawn from the pair's query."""
    truth = np.where(pair.in_reference, pair.truth, "")
    names, sizes = np.unique(truth[pair.in_reference], return_counts=True)
    for name in names[np.argsort(-sizes)[:2]]:
        of_type, others = np.flatnonzero(truth == name), np.flatnonzero((truth != name) & pair.in_reference)
        of_type = rng.permutation(of_type)[:400]
        few = rng.permutation(others)[: max(4, round(len(of_type) * (1 - share) / share))]
        yield pair.query_rows(np.sort(np.concatenate([of_type, few])), f"{pair.name}, {100 * share:.0f} % {name}")


def _as_query(pair: Pair) -> AnnData:
    adata = pair.query_data(pair.query)
    adata.obs[COARSE] = pair.truth
    return adata


def profile_pairs(data: Path) -> Iterator[Pair]:
    """Yield the pairs drawn from mean profiles of two studies, on a panel, with spill-over."""
    yield simulate(
        "ileum > rectum, drawn", data, ("profile_ileum_wang", "profile_rectum_wang"), "hColon", {}, spill=0.1, seed=1
    )
    yield simulate(
        "Allen > DroNc, drawn", data, ("profile_brain_allen", "profile_brain_dronc"), "hBrain", BRAIN, spill=0.1, seed=2
    )


def _read(data: Path, name: str, names: dict[str, str] | None = None) -> AnnData:
    adata = anndata.read_h5ad(data / f"{name}.h5ad")
    labels = adata.obs[COARSE].astype(str)
    adata.obs[COARSE] = labels.replace(names or {})
    return adata[(labels != NO_TYPE).to_numpy()].copy()


def _starmap(data: Path) -> Pair:
    reference, query = _read(data, "ref_motor_cortex_dot", LAYERS), _read(data, "spatial_starmap_v1")
    return pair_of("motor cortex > STARmap V1", reference, query)


def _osmfish(data: Path) -> Pair:
    reference, query = _read(data, "ref_motor_cortex_dot", NEURONS), _read(data, "spatial_osmfish_cortex")
    return pair_of("motor cortex > osmFISH, 16 genes", reference, query)


def _merfish(data: Path) -> Pair:
    reference, query = _read(data, "ref_hypothalamus_moffitt10x"), _read(data, "spatial_merfish_poa_section")
    return pair_of("hypothalamus 10x > MERFISH", reference, query)


def _seqfish(data: Path) -> Pair:
    adata = _read(data, "spatial_seqfish_embryo")
    second = (adata.obs["embryo"] == "embryo2").to_numpy()
    reference = adata[~second].copy()
    return pair_of("seqFISH embryos 1, 3 > 2", reference, adata[second].copy(), donor_column="embryo")


def _breast(data: Path) -> Pair:
    return next(pair for pair in open_pairs(data) if "Xenium" in pair.name)


def _normal_breast(data: Path) -> Pair:
    reference = _read(data, "ref_breast_normal", {"Mono": "Myeloid"})
    query = _read(data, "spatial_xenium_breast_scider")
    rows = np.sort(np.random.default_rng(1).choice(query.n_obs, 3000, replace=False))
    return pair_of("normal breast > Xenium breast", reference, query[rows].copy(), donor_column="sample")
