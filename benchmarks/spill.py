"""Spill-over in the open Xenium section: transcripts of fibroblasts in lymphocytes that are called fibroblasts.

python -m benchmarks.spill --data ../shared/data
"""

import argparse
import tempfile
import warnings
from pathlib import Path

import anndata
import numpy as np
import numpy.typing as npt

from benchmarks.accuracy import plain
from benchmarks.accuracy_pairs import Pair, open_pairs
from benchmarks.calibration import Called
from spatialcore.core.normalization import row_totals

STROMA = ("LUM", "POSTN", "CCDC80", "FBLN1", "MMP2", "PDGFRB", "SFRP1")
OWN = {"T": ("CD3E", "CD3G", "TRAC", "CD8A", "IL7R"), "B": ("MS4A1", "BANK1", "CD79A", "CD19")}
Mask = npt.NDArray[np.bool_]


def cell_areas(data: Path, pair: Pair) -> npt.NDArray[np.float64]:
    """Return the areas of the pair's query cells, in square micrometres; the pair samples them with seed 0."""
    section = anndata.read_h5ad(data / "spatial_xenium_breast_scider.h5ad", backed="r").obs
    rows = np.sort(np.random.default_rng(0).choice(len(section), len(pair.truth), replace=False))
    if (section["cell_type_coarse"].astype(str).to_numpy()[rows] != pair.truth).any():
        raise ValueError("the query cells of the pair are sampled differently")
    areas: npt.NDArray[np.float64] = section["cell_area"].to_numpy(np.float64)[rows]
    return areas


def share_of(pair: Pair, genes: tuple[str, ...], cells: Mask) -> float:
    """Return the share of the counts of the cells on some genes."""
    counts = pair.query[cells]
    return float(counts[:, [pair.genes.index(gene) for gene in genes]].sum() / counts.sum())


def describe(
    pair: Pair, cells: Mask, label: str, areas: npt.NDArray[np.float64], confidence: npt.NDArray[np.float64]
) -> dict[str, str]:
    """Return the share of stroma genes relative to fibroblasts, and of genes of the type relative to its small cells.

    Small cells (area below the median) have the least spill-over.
    """
    labelled = pair.truth == label
    small = labelled & (areas <= np.median(areas[labelled]))
    stroma = share_of(pair, STROMA, cells) / share_of(pair, STROMA, pair.truth == "Fibroblast")
    own = share_of(pair, OWN[label], cells) / share_of(pair, OWN[label], small)
    return {
        "cells": str(int(cells.sum())),
        "area": f"{np.median(areas[cells]):.0f}",
        "counts": f"{np.median(row_totals(pair.query[cells])):.0f}",
        "stroma, of fibroblasts'": f"{stroma:.2f}",
        "own, of small cells'": f"{own:.2f}",
        "confidence": f"{confidence[cells].mean():.2f}",
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    data: Path = parser.parse_args().data
    warnings.simplefilter("ignore")
    pair = next(pair for pair in open_pairs(data) if "Xenium" in pair.name)
    areas = cell_areas(data, pair)
    with tempfile.TemporaryDirectory() as folder:
        called, confidence = Called(pair, Path(folder)).call("calibrated")
    rows = {
        f"{label}, called {name}": describe(pair, (pair.truth == label) & (called == name), label, areas, confidence)
        for label in OWN
        for name in (label, "Fibroblast")
    }
    heads = list(next(iter(rows.values())))
    print(f"| labelled | {' | '.join(heads)} |\n{'|---' * (len(heads) + 1)}|")
    for title, row in rows.items():
        print(f"| {title} | {' | '.join(row.values())} |")
    print(f"\nareas: fibroblasts {np.median(areas[pair.truth == 'Fibroblast']):.0f}")
    for method, calls in (("ours", called), ("balanced LR", plain(pair))):
        taken = {label: int(((pair.truth == label) & (calls == "Fibroblast")).sum()) for label in OWN}
        print(f"called fibroblasts by {method}: {taken} of { ({k: int((pair.truth == k).sum()) for k in OWN}) }")


if __name__ == "__main__":
    main()
