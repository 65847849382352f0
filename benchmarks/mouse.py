"""Accuracy and calibration on mouse and brain pairs, with profile references, and across species.

    python -m benchmarks.mouse --data ../shared/data --rivals /tmp/rivals/bin/python

References are read as in the pipeline: cells are drawn from profiles, and genes of another species become orthologs.
The second table is of the calibrated confidence. ``subtypes``: the reference has its finer labels, and a call of a
subtype of the true type is correct (the rule of scTab).
"""

import argparse
import logging
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.accuracy import figures, measure, methods, table
from benchmarks.calibration import CALL_THRESHOLD, Called, expected_calibration_error
from benchmarks.data.open_pairs import COARSE, Labels, Pair
from spatialcore.annotation import combine_references
from spatialcore.annotation.panel import read_panel
from spatialcore.core.types import Floats

MAX_QUERY_CELLS = 4_000
LAYERS = {"L2/3 IT": "L2/3", "L6 IT Car3": "L6"} | {
    f"{layer} {kind}": layer for layer in ("L5", "L6") for kind in ("IT", "ET", "CT")
}
CLASSES = dict.fromkeys(("Pvalb", "Sst", "Vip", "Lamp5"), "GABA") | dict.fromkeys(
    ("L2/3 IT", "L5 IT", "L5 ET", "L5/6 NP", "L6 IT", "L6 IT Car3", "L6 CT"), "Glut"
)
ALLEN = {
    "Astrocyte": "Astro",
    "Microglia": "Microglia",
    "Oligodendrocyte": "Oligo",
    "Pericyte": "Mural",
    **dict.fromkeys(("LAMP5", "PAX6", "PVALB", "SST", "VIP"), "GABA"),
    **dict.fromkeys(("L2.3.IT", "L4.IT", "L5.ET", "L5.6.IT.Car3", "L5.6.NP", "L6.CT", "L6b"), "Glut"),
}
DRONC = {
    "END": "Endothelial",
    "MG": "Microglia",
    **dict.fromkeys(("ASC1", "ASC2"), "Astro"),
    **dict.fromkeys(("ODC1", "ODC2"), "Oligo"),
    **dict.fromkeys(("GABA1", "GABA2"), "GABA"),
    **dict.fromkeys(("exCA1", "exCA3", "exDG", "exPFC1", "exPFC2"), "Glut"),
}
STARMAP = dict.fromkeys(("L2/3", "L4", "L5", "L6", "HPC"), "Glut") | dict.fromkeys(
    ("Pvalb", "Sst", "Vip", "Lamp5"), "GABA"
)


def mouse_pairs(data: Path) -> Iterator[Pair]:
    """Yield every pair; queries of more than MAX_QUERY_CELLS cells are sampled."""
    motor, hypothalamus = data / "ref_motor_cortex_dot.h5ad", data / "ref_hypothalamus_moffitt10x.h5ad"
    starmap, merfish = _query(data, "spatial_starmap_v1"), _query(data, "spatial_merfish_poa_section")
    yield _pair("motor cortex > STARmap V1", motor, COARSE, starmap, names=LAYERS)
    # the truth of osmFISH has precursors and oligodendrocytes as one type
    osmfish = _query(data, "spatial_osmfish_cortex")
    yield _pair("motor cortex > osmFISH, 16 genes", motor, COARSE, osmfish, names=CLASSES | {"OPC": "Oligo"})
    yield _pair("Moffitt 10x > MERFISH hypothalamus", hypothalamus, COARSE, merfish)
    yield _embryos(data)
    ileum, allen = data / "profile_ileum_wang.h5ad", data / "profile_brain_allen.h5ad"
    yield _pair("ileum profiles > rectum", ileum, "obs_names", _simulated(data, "profile_rectum_wang", "hColon", {}))
    yield _pair(
        "Allen profiles > DroNc",
        allen,
        "obs_names",
        _simulated(data, "profile_brain_dronc", "hBrain", DRONC),
        names=ALLEN,
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, reference, query in (("motor cortex", motor, starmap), ("Moffitt 10x", hypothalamus, merfish)):
            profiles = _profiles_of(reference, Path(folder) / f"{name}.h5ad")
            yield _pair(f"{name} profiles > {query.uns['name']}", profiles, "cell_type", query, names=LAYERS)
    query = starmap.copy()
    query.obs[COARSE] = [STARMAP.get(name, name) for name in query.obs[COARSE].astype(str)]
    yield _pair("Allen profiles, human > STARmap, orthologs", allen, "obs_names", query, names=ALLEN, orthologs=True)
    dronc = data / "profile_brain_dronc.h5ad"
    yield _pair("DroNc profiles, human > STARmap, orthologs", dronc, "obs_names", query, names=DRONC, orthologs=True)
    for name, names in (("dronc", DRONC), ("allen", ALLEN)):
        human = _simulated(data, f"profile_brain_{name}", "hBrain", names)
        title = f"motor cortex, mouse > {'DroNc' if name == 'dronc' else 'Allen'}, human, drawn, orthologs"
        yield _pair(title, motor, COARSE, human, names=CLASSES, orthologs=True)


def _query(data: Path, name: str) -> anndata.AnnData:
    query = anndata.read_h5ad(data / f"{name}.h5ad")
    query.uns["name"] = {"spatial_starmap_v1": "STARmap V1"}.get(name, "MERFISH hypothalamus")
    rows = np.random.default_rng(0).choice(query.n_obs, min(query.n_obs, MAX_QUERY_CELLS), replace=False)
    return query[np.sort(rows)].copy()


def _pair(
    name: str,
    reference: Path,
    column: str,
    query: anndata.AnnData,
    *,
    names: dict[str, str] | None = None,
    orthologs: bool = False,
) -> Pair:
    combined = combine_references(
        [reference],
        [column],
        target_genes=list(query.var_names),
        min_gene_overlap_pct=0,
        checksum=False,
        orthologs=orthologs,
        exclude_labels=["unknown"],
    )
    labels = combined.obs["original_label"].astype(str).to_numpy()
    counts = sparse.csr_matrix(combined.layers["counts"])
    expressed = np.asarray(counts.sum(axis=1)).ravel() > 0
    query_counts = sparse.csr_matrix(query[:, list(combined.var_names)].X)
    genes = tuple(map(str, combined.var_names))
    truth = query.obs[COARSE].astype(str).to_numpy()
    return Pair(name, counts[expressed], labels[expressed], query_counts, truth, genes, coarser=names)


def _renamed(labels: "pd.Series[str]", names: dict[str, str]) -> Labels:
    return np.array([names.get(str(label), str(label)) for label in labels])


def _embryos(data: Path) -> Pair:
    cells = anndata.read_h5ad(data / "spatial_seqfish_embryo.h5ad")
    cells = cells[cells.obs["cell_type"].astype(str) != "Low quality"]
    second = (cells.obs["embryo"] == "embryo2").to_numpy()
    labels = cells.obs["cell_type"].astype(str).to_numpy()
    counts = sparse.csr_matrix(cells.X)
    rows = np.flatnonzero(second)
    frequent = np.isin(labels, [name for name in np.unique(labels) if (labels[~second] == name).sum() >= 10])
    training = ~second & frequent
    genes = tuple(map(str, cells.var_names))
    return Pair("seqFISH embryos 1, 3 > 2", counts[training], labels[training], counts[rows], labels[rows], genes)


def _profiles_of(reference: Path, path: Path) -> Path:
    """Write the mean profiles of a reference of cells as a profile reference."""
    cells = anndata.read_h5ad(reference)
    shares = sparse.diags(1e4 / np.maximum(np.asarray(cells.X.sum(axis=1)).ravel(), 1)) @ cells.X
    types, codes = np.unique(cells.obs[COARSE].astype(str), return_inverse=True)
    members = sparse.csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))))
    sizes = np.bincount(codes)
    means = sparse.diags(1 / sizes) @ (members @ shares)
    obs = pd.DataFrame({"cell_type": types, "n_cells": sizes}, index=types)
    anndata.AnnData(sparse.csr_matrix(means.astype(np.float32)), obs, cells.var[[]]).write_h5ad(path)
    return path


def _simulated(data: Path, name: str, panel: str, names: dict[str, str]) -> anndata.AnnData:
    """Simulate 2,000 cells from other profiles on a platform: gene efficiencies, ambient counts, 80 counts per cell."""
    rng = np.random.default_rng(1)
    atlas = anndata.read_h5ad(data / f"{name}.h5ad")
    genes = [gene for gene in read_panel(data / "panels" / f"{panel}.csv") if gene in atlas.var_names]
    shares = atlas[:, genes].X.toarray().astype(float)
    shares *= rng.lognormal(0, 0.6, shares.shape) * rng.lognormal(0, 0.8, len(genes))
    shares /= shares.sum(axis=1, keepdims=True)
    types = np.repeat(np.arange(len(shares)), rng.multinomial(2000, rng.dirichlet(np.full(len(shares), 1.5))))
    ambient = np.bincount(types, minlength=len(shares)) @ shares / len(types)
    depths = 80 * rng.lognormal(0, 0.5, len(types))[:, None]
    rates = depths * (0.85 * shares[types] * rng.gamma(2, 0.5, (len(types), len(genes))) + 0.15 * ambient)
    obs = pd.DataFrame(
        {COARSE: _renamed(pd.Series(atlas.obs_names[types]), names)}, index=[f"q{i}" for i in range(len(types))]
    )
    counts = sparse.csr_matrix(rng.poisson(rates).astype(np.float32))
    return anndata.AnnData(counts, obs, pd.DataFrame(index=genes))


def coarse(pair: Pair) -> Pair:
    """Return the pair with the labels of the reference as in the truth."""
    return replace(pair, labels=pair.as_truth(pair.labels), coarser=None)


def calibration_table(pairs: list[Pair]) -> str:
    """Return the calibration of the confidence on each pair, as a markdown table."""
    columns = ("accuracy", "macro-F1", "ece", "kept", "kept, right", "subtypes: accuracy", "macro-F1")
    lines = ["| pair | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for pair in pairs:
        called, confidence = _called(coarse(pair))
        in_reference = pair.in_reference
        right, is_called = (called == pair.truth)[in_reference], confidence[in_reference] >= CALL_THRESHOLD
        values = [*figures(pair.truth[in_reference], called[in_reference])]
        values += [
            expected_calibration_error(confidence[in_reference], right),
            is_called.mean(),
            right[is_called].mean(),
        ]
        if pair.coarser:
            values += figures(pair.truth[in_reference], pair.as_truth(_called(pair)[0])[in_reference])
        cells = [f"{value:.3f}" for value in values] + ["-"] * (len(columns) - len(values))
        lines.append(f"| {pair.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _called(pair: Pair) -> tuple[Labels, Floats]:
    with tempfile.TemporaryDirectory() as folder:
        return Called(pair, Path(folder)).call("calibrated")


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--rivals", type=Path, help="interpreter with singler and tacco")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("celltypist").setLevel(logging.ERROR)
    pairs = list(mouse_pairs(options.data))
    print(table(measure(map(coarse, pairs), methods(options.rivals, None))))
    print(f"\n{calibration_table(pairs)}")


if __name__ == "__main__":
    main()
