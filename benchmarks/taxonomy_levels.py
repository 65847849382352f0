"""Accuracy of calls at the levels of a taxonomy: class, subclass and supertype of the mouse cortex.

    python -m benchmarks.taxonomy_levels --data ../shared/data

The classes of the model are the supertypes of the motor cortex reference; the coarser levels follow from them
(``taxonomy_levels``). STARmap V1 has truth at class and subclass, osmFISH at class. For supertypes, half of the
reference is held out, with the genes and the median depth of STARmap but without other differences of the platform.
"""

import argparse
import tempfile
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
from scipy import sparse

from benchmarks.data.open_pairs import COARSE, Labels
from benchmarks.mouse import CLASSES, LAYERS, STARMAP
from spatialcore import columns
from spatialcore.annotation import train_and_annotate
from spatialcore.annotation.training.platform.simulate import thin_to_depths

LEVELS = ("class", "subclass")
THRESHOLD = 0.8


def reference(data: Path) -> ad.AnnData:
    """Return the cells of the motor cortex with their labels at three levels."""
    cells = ad.read_h5ad(data / "ref_motor_cortex_dot.h5ad")
    subclass = [LAYERS.get(name, name) for name in cells.obs[COARSE].astype(str)]
    cells.obs["class"] = [CLASSES.get(name, name) for name in cells.obs[COARSE].astype(str)]
    cells.obs["subclass"], cells.obs["supertype"] = subclass, cells.obs["cell_type"].astype(str)
    return cells


def queries(data: Path, held_out: ad.AnnData) -> dict[str, tuple[ad.AnnData, dict[str, Labels]]]:
    """Return the queries with their true labels at the measured levels."""
    starmap, osmfish = (ad.read_h5ad(data / f"spatial_{name}.h5ad") for name in ("starmap_v1", "osmfish_cortex"))
    fine = starmap.obs[COARSE].astype(str)
    depth = np.array([float(np.median(np.asarray(starmap.X.sum(axis=1))))])
    genes = [gene for gene in starmap.var_names if gene in held_out.var_names]
    thinned = thin_to_depths(sparse.csr_matrix(held_out[:, genes].X), depth, np.random.default_rng(0))
    of_reference = {level: held_out.obs[level].astype(str).to_numpy() for level in (*LEVELS, "supertype")}
    return {
        "STARmap V1": (starmap, {"class": fine.replace(STARMAP).to_numpy(), "subclass": fine.to_numpy()}),
        "osmFISH, 16 genes": (osmfish, {"class": osmfish.obs[COARSE].astype(str).to_numpy()}),
        "held-out half, genes of STARmap": (ad.AnnData(thinned, var=held_out[:, genes].var.copy()), of_reference),
    }


def measure(query: ad.AnnData, path: Path, truth: dict[str, Labels]) -> dict[str, tuple[float, float, float]]:
    """Return accuracy, share called and accuracy of called cells at each level, over cells of types in the model."""
    cells = ad.AnnData(query.X.copy(), var=query.var.copy())
    settings = {"class_names": "labels", "taxonomy_levels": list(LEVELS), "min_gene_overlap_pct": 0}
    train_and_annotate(cells, [path], "brain cortex", ["supertype"], generate_plots=False, **settings)  # type: ignore[arg-type]
    results = {}
    for level, labels in truth.items():
        column = columns.PREDICTED if level == "supertype" else f"{columns.TAXONOMY}{level}"
        called = cells.obs[column].astype(str).to_numpy()
        in_reference = np.isin(labels, ad.read_h5ad(path, backed="r").obs[level].astype(str).unique())
        confident = (cells.obs[columns.CONFIDENCE] >= THRESHOLD).to_numpy() & in_reference
        right = called == labels
        results[level] = (
            float(right[in_reference].mean()),
            float(confident[in_reference].mean()),
            float(right[confident].mean()),
        )
    return results


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    data = parser.parse_args().data
    warnings.simplefilter("ignore")
    cells = reference(data)
    first = np.random.default_rng(0).permutation(cells.n_obs) % 2 == 0
    print("| query | level | accuracy | with a class at 0.8 | right |", "|---|---|---|---|---|", sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, (query, truth) in queries(data, cells[~first].copy()).items():
            path = Path(folder) / "reference.h5ad"
            (cells[first].copy() if name.startswith("held-out") else cells).write_h5ad(path)
            for level, values in measure(query, path, truth).items():
                print(f"| {name} | {level} | " + " | ".join(f"{value:.3f}" for value in values) + " |", flush=True)


if __name__ == "__main__":
    main()
