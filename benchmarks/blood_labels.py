"""Check of the labels of the open blood query: markers, correlation with the reference, calls, sets, added monocytes.

    python -m benchmarks.blood_labels --data ../shared/data

Its curators assigned each cell to the most similar of eleven sorted populations, which include no CD16+ monocytes and
no plasma cells.
"""

import argparse
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import anndata
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, stats

from benchmarks.accuracy import figures, pipeline, plain
from benchmarks.calibration import Called
from benchmarks.data.fine_pairs import COARSER, fine_pairs
from benchmarks.data.open_pairs import Labels, Pair, open_pairs
from benchmarks.resolution import sets
from spatialcore.annotation.training.platform.simulate import thin_to_depths
from spatialcore.core.normalization import row_totals

MARKERS = ("FCGR3A", "RHOC", "HES4", "S100A8", "LGALS2", "LYZ", "FCER1A", "CLEC10A", "MZB1", "MS4A1")
TYPES = ("Mono_CD14", "Mono_CD16", "DC", "B")
CLASSICAL = "CD14+ Monocyte"
DONORS, NUMBERS, SEEDS = ("3pv2", "5p"), (3, 10, 30, 100), (0, 1)
Mask = npt.NDArray[np.bool_]


def query_groups(data: Path) -> dict[str, Mask]:
    """Return groups of query cells by label and by the cluster in the file."""
    obs = anndata.read_h5ad(data / "pbmc68k_reduced.h5ad", backed="r").obs
    label, cluster = (obs[name].astype(str).to_numpy() for name in ("cell_type", "louvain"))
    monocytes = np.isin(cluster, ["1", "5"])
    return {
        CLASSICAL: label == CLASSICAL,
        "Dendritic, clusters 1 and 5": (label == "Dendritic") & monocytes,
        "Dendritic, other clusters": (label == "Dendritic") & ~monocytes,
        "CD19+ B, cluster 8": (label == "CD19+ B") & (cluster == "8"),
        "CD19+ B, other clusters": (label == "CD19+ B") & (cluster != "8"),
    }


def print_markers(pair: Pair, fine: Labels, groups: dict[str, Mask]) -> None:
    """Print the share of cells with each marker (reference thinned to the query's depths) and the correlation."""
    thinned = thin_to_depths(pair.reference, row_totals(pair.query), np.random.default_rng(0))
    groups_by_name = {f"reference {name}": thinned[fine == name] for name in TYPES} | {
        n: pair.query[m] for n, m in groups.items()
    }
    positions = [pair.genes.index(gene) for gene in MARKERS]
    print(f"| cells | n | {' | '.join(MARKERS)} | like {' / '.join(TYPES)} |\n{'|---' * (len(MARKERS) + 3)}|")
    for name, cells in groups_by_name.items():
        shares = np.asarray((cells[:, positions] > 0).mean(axis=0)).ravel()
        correlations = [stats.spearmanr(_bulk(cells), _bulk(pair.reference[fine == one])).statistic for one in TYPES]
        values = " | ".join(f"{share:.2f}" for share in shares)
        print(f"| {name} | {cells.shape[0]} | {values} | {' / '.join(f'{value:.2f}' for value in correlations)} |")


def _bulk(cells: sparse.csr_matrix) -> npt.NDArray[np.float64]:
    return np.asarray(cells.sum(axis=0, dtype=np.float64)).ravel()


def print_added_monocytes(pair: Pair, fine: Labels, donors: Labels, classical: Mask) -> None:
    """Print the calls of CD14+ monocytes of a held-out donor, added to the query at its depth."""
    called: list[str] = []
    for donor, number, seed in ((donor, number, seed) for donor in DONORS for number in NUMBERS for seed in SEEDS):
        rng = np.random.default_rng(seed)
        rows = rng.choice(np.flatnonzero((donors == donor) & (fine == TYPES[0])), number, replace=False)
        added = thin_to_depths(pair.reference[rows], row_totals(pair.query[classical]), rng)
        mixed = replace(
            pair,
            reference=pair.reference[donors != donor],
            labels=fine[donors != donor],
            query=sparse.vstack([pair.query, added], format="csr"),
            truth=np.r_[pair.truth, np.repeat(TYPES[0], number)],
        )
        called += pipeline(mixed)[-number:].tolist()
    print(f"\nCD14+ monocytes of a held-out donor, added to the query: {pd.Series(called).value_counts().to_dict()}")


def print_calls(pair: Pair, groups: dict[str, Mask]) -> None:
    """Print accuracy / macro-F1 by label and by cluster; plasma cells have no class."""
    read = pair.truth.copy()
    read[groups["Dendritic, clusters 1 and 5"]] = "Mono"
    plasma = groups["CD19+ B, cluster 8"]
    with tempfile.TemporaryDirectory() as folder:
        calls, confidence = Called(pair, Path(folder)).call("calibrated")
    for name, called in (("ours", calls), ("balanced LR", plain(pair))):
        (a, b), (c, d) = figures(pair.truth, called), figures(read[~plasma], called[~plasma])
        print(f"{pair.name}, {name}: {a:.3f} / {b:.3f}, labels read by cluster {c:.3f} / {d:.3f}")
    is_called = (confidence >= 0.8) & ~plasma
    right = [(calls == truth)[is_called].mean() for truth in (pair.truth, read)]
    print(f"of 0.8 and more, without plasma cells: {right[0]:.3f}, labels read by cluster {right[1]:.3f}")
    sizes = pd.Series(pair.labels).value_counts()
    large = np.isin(pair.labels, sizes.index[sizes >= 10])
    without = pipeline(replace(pair, reference=pair.reference[large], labels=pair.labels[large]))
    for about, called in (("all types", calls), ("types of 10 cells and more", without)):
        print(f"plasma cells, reference of {about}: {pd.Series(called[plasma]).value_counts().to_dict()}")


def print_sets(data: Path, groups: dict[str, Mask]) -> None:
    """Print coverage and size of sets of fine types, with labels read by cluster."""
    for fine in fine_pairs(data):
        if "68k" in fine.name:
            truth = fine.truth.astype(object)
            truth[groups["Dendritic, clusters 1 and 5"]] = COARSER["Monocyte"]
            truth[groups["CD19+ B, cluster 8"]] = ""  # plasma cells, which have no class
            values = sets(replace(fine, truth=truth.astype(str)))
            print(f"{fine.name}, labels read by cluster:", {name: round(float(v), 3) for name, v in values.items()})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    data: Path = parser.parse_args().data
    warnings.simplefilter("ignore")
    pairs = [pair for pair in open_pairs(data) if "68k" in pair.name]
    pair, groups = pairs[0], query_groups(data)
    obs = anndata.read_h5ad(data / "pbmc_symphony_3assay.h5ad", backed="r").obs
    fine, donors = (obs[name].astype(str).to_numpy() for name in ("cell_type", "donor"))
    print_markers(pair, fine, groups)
    for name, method in (("ours", pipeline), ("balanced LR", plain)):
        called = method(replace(pair, labels=fine))[groups[CLASSICAL]]
        print(f"\n{CLASSICAL}, {name}: {pd.Series(called).value_counts().to_dict()}", end="")
    print_added_monocytes(pair, fine, donors, groups[CLASSICAL])
    for one in pairs:
        print()
        print_calls(one, groups)
    print()
    print_sets(data, groups)


if __name__ == "__main__":
    main()
