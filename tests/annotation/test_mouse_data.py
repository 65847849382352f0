"""Real mouse data: cortex, hypothalamus, embryos, a panel of 33 genes, and a human reference."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from spatialcore.annotation import train_and_annotate
from spatialcore.errors import SpeciesError

# Text in the name of a call -> coarse label of the studies; the first match counts.
COARSE = {
    "oligodendrocyte precursor": "OPC",
    "oligodendrocyte": "Oligo",
    "astrocyte": "Astro",
    "endothelial": "Endothelial",
    "mural": "Mural",
    "microglial": "Microglia",
    "ependymal": "Ependymal",
    "GABAergic": "GABA",
    "glutamatergic": "Glut",
}
NEURONS = dict.fromkeys(("Pvalb", "Sst", "Vip", "Lamp5"), "GABA") | dict.fromkeys(
    ("L2/3", "L4", "L5", "L6", "HPC"), "Glut"
)


def query_of(shared: Path, name: str, step: int = 1) -> tuple[ad.AnnData, np.ndarray]:
    """Return cells without labels, and their coarse labels."""
    cells = ad.read_h5ad(shared / "data" / f"{name}.h5ad")[::step]
    truth = np.array([NEURONS.get(label, label) for label in cells.obs["cell_type_coarse"].astype(str)])
    return ad.AnnData(cells.X.copy(), var=cells.var.copy()), truth


def annotate(
    shared: Path, query: ad.AnnData, reference: str, column: str, tissue: str, **settings: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Annotate in place; return coarse calls, and which of them reach the threshold."""
    path = shared / "data" / f"{reference}.h5ad"
    train_and_annotate(query, [path], tissue, [column], generate_plots=False, **settings)
    names = query.obs["cell_type_predicted"].astype(str)
    calls = np.array([next((short for part, short in COARSE.items() if part in name), name) for name in names])
    return calls, (query.obs["cell_type"] != "Unassigned").to_numpy()


def accuracy(calls: Sequence[str], truth: Sequence[str]) -> float:
    calls, truth = np.asarray(calls), np.asarray(truth)
    is_labelled = truth != "unknown"
    return float((calls == truth)[is_labelled].mean())


def test_motor_cortex_for_a_starmap_section(shared: Path) -> None:
    query, truth = query_of(shared, "spatial_starmap_v1")
    calls, is_called = annotate(
        shared, query, "ref_motor_cortex_dot", "cell_type", "brain cortex", species="mouse", min_gene_overlap_pct=10
    )
    assert query.uns["spatialcore_annotation"]["species"] == "mouse"
    assert accuracy(calls, truth) > 0.6
    assert accuracy(calls[is_called], truth[is_called]) > 0.7
    ids = set(query.obs["cell_type_ontology_term_id"].astype(str))
    assert {"CL:4030059", "CL:4023041", "CL:4023042", "CL:4023018", "CL:4023016"} <= ids


def test_a_hypothalamus_section(shared: Path) -> None:
    query, truth = query_of(shared, "spatial_merfish_poa_section", 4)
    exclude = ["Ambiguous", "Unstable"]
    calls, is_called = annotate(
        shared, query, "ref_hypothalamus_moffitt10x", "cell_type", "hypothalamus", exclude_labels=exclude
    )
    assert accuracy(calls, truth) > 0.8
    assert accuracy(calls[is_called], truth[is_called]) > 0.9


TERMS_OF = {
    "Oligo": {"oligodendrocyte", "glial cell", "macroglial cell", "neural cell"},
    "Astro": {"astrocyte", "glial cell", "macroglial cell", "neural cell"},
    "Microglia": {"microglial cell", "glial cell", "neural cell"},
    "Endothelial": {"endothelial cell"},
    "Glut": {"glutamatergic neuron", "cerebral cortex neuron", "neuron of the forebrain", "neuron", "neural cell"},
    "GABA": {
        "GABAergic interneuron",
        "cerebral cortex GABAergic interneuron",
        "cerebral cortex neuron",
        "neuron of the forebrain",
        "neural cell",
    },
}
"""Terms above the coarse types that a call may be rolled up to."""

FINER = {"Glut": "glutamatergic", "GABA": "GABAergic"}
"""What the names of the classes below a coarse type contain."""


def test_types_that_sixteen_genes_do_not_separate_get_their_ancestor(
    shared: Path, caplog: pytest.LogCaptureFixture
) -> None:
    query, truth = query_of(shared, "spatial_osmfish_cortex", 3)
    annotate(shared, query, "ref_motor_cortex_dot", "cell_type_coarse", "brain cortex")
    assert "The model has 16 genes, too few to separate all types" in caplog.text
    assert "finest Cell Ontology term" in caplog.text
    assert query.uns["spatialcore_annotation"]["resolution"] == "auto"
    called = query.obs["cell_type"].astype(str).to_numpy()
    oligodendrocytes = called[np.isin(truth, ["Oligo", "Oligodendrocytes"])]
    assert (oligodendrocytes == "oligodendrocyte precursor cell").mean() < 0.1
    assert np.isin(oligodendrocytes, [*TERMS_OF["Oligo"]]).mean() > 0.4
    pyramidal = called[np.isin(truth, ["Glut", "Pyramidals"])]
    assert np.isin(pyramidal, [*TERMS_OF["Glut"]]).mean() > 0.6
    pairs = zip(called, truth, strict=True)
    right = np.array([call in TERMS_OF[kind] or (kind in FINER and FINER[kind] in call) for call, kind in pairs])
    assert right[called != "Unassigned"].mean() > 0.85


def test_labels_of_the_authors_as_classes_for_embryos(shared: Path, tmp_path: Path) -> None:
    cells = ad.read_h5ad(shared / "data" / "spatial_seqfish_embryo.h5ad")
    cells = cells[cells.obs["cell_type"].astype(str) != "Low quality"]
    second = (cells.obs["embryo"] == "embryo2").to_numpy()
    cells[~second][::2].copy().write_h5ad(tmp_path / "others.h5ad")
    query = ad.AnnData(cells[second][::4].X.copy(), var=cells.var.copy())
    truth = cells.obs["cell_type"].astype(str).to_numpy()[second][::4]
    train_and_annotate(
        query, [tmp_path / "others.h5ad"], "embryo", ["cell_type"], generate_plots=False, class_names="labels"
    )
    calls = query.obs["cell_type_predicted"].astype(str).to_numpy()
    assert {"Cranial mesoderm", "Splanchnic mesoderm", "Gut tube"} <= set(calls)
    assert accuracy(calls, truth) > 0.75


def test_human_profiles_annotate_mouse_cells_with_orthologs(shared: Path) -> None:
    query, truth = query_of(shared, "spatial_starmap_v1", 2)
    with pytest.raises(SpeciesError, match="profile_brain_allen is human"):
        annotate(shared, query, "profile_brain_allen", "obs_names", "brain cortex")
    calls, _ = annotate(shared, query, "profile_brain_allen", "obs_names", "brain cortex", orthologs=True)
    assert accuracy(calls, truth) > 0.65
