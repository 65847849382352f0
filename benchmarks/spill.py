"""Spill-over: shares on simulated sections, calls on real ones, lymphocytes called fibroblasts in a Xenium section.

python -m benchmarks.spill --data ../shared/data [--parts lymphocytes simulated real purified cost] [--sources mix ...]
"""

import argparse
import json
import sys
import tempfile
import warnings
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks import spill_sections
from benchmarks.accuracy import plain
from benchmarks.calibration import CALL_THRESHOLD, Called
from benchmarks.data.open_pairs import Pair, open_pairs, pair_of
from spatialcore import columns
from spatialcore.core.normalization import row_totals
from spatialcore.simulate import LAYOUTS

STROMA = ("LUM", "POSTN", "CCDC80", "FBLN1", "MMP2", "PDGFRB", "SFRP1")
TYPE_MARKERS = {"T": ("CD3E", "CD3G", "TRAC", "CD8A", "IL7R"), "B": ("MS4A1", "BANK1", "CD79A", "CD19")}
PARTS = ("lymphocytes", "simulated", "real", "purified", "cost", "rivals")
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
    """Return the share of stroma genes relative to fibroblasts, and of markers of the type relative to its small cells.

    Small cells (area below the median) have the least spill-over.
    """
    labelled = pair.truth == label
    small = labelled & (areas <= np.median(areas[labelled]))
    stroma = share_of(pair, STROMA, cells) / share_of(pair, STROMA, pair.truth == "Fibroblast")
    markers = share_of(pair, TYPE_MARKERS[label], cells) / share_of(pair, TYPE_MARKERS[label], small)
    return {
        "cells": str(int(cells.sum())),
        "area": f"{np.median(areas[cells]):.0f}",
        "counts": f"{np.median(row_totals(pair.query[cells])):.0f}",
        "stroma, of fibroblasts'": f"{stroma:.2f}",
        "own, of small cells'": f"{markers:.2f}",
        "confidence": f"{confidence[cells].mean():.2f}",
    }


def lymphocytes(data: Path, folder: Path) -> None:
    """Print the composition of lymphocytes called fibroblasts, on 3,000 cells of the Xenium section."""
    pair = next(pair for pair in open_pairs(data) if "Xenium" in pair.name)
    areas = cell_areas(data, pair)
    called, confidence = Called(pair, folder).call("calibrated")
    rows = {
        f"{label}, called {name}": describe(pair, (pair.truth == label) & (called == name), label, areas, confidence)
        for label in TYPE_MARKERS
        for name in (label, "Fibroblast")
    }
    heads = list(next(iter(rows.values())))
    print(f"| labelled | {' | '.join(heads)} |\n{'|---' * (len(heads) + 1)}|")
    for title, row in rows.items():
        print(f"| {title} | {' | '.join(row.values())} |")
    print(f"\nareas: fibroblasts {np.median(areas[pair.truth == 'Fibroblast']):.0f}")
    for method, calls in (("ours", called), ("balanced LR", plain(pair))):
        taken = {label: int(((pair.truth == label) & (calls == "Fibroblast")).sum()) for label in TYPE_MARKERS}
        print(
            f"called fibroblasts by {method}: {taken} of { ({k: int((pair.truth == k).sum()) for k in TYPE_MARKERS}) }"
        )


def whole_section(data: Path, folder: Path) -> None:
    """Print how many lymphocytes are called fibroblasts, among all 10,000 cells of the Xenium section."""
    reference, query = (
        anndata.read_h5ad(data / f"{name}.h5ad") for name in ("nsclc_zilionis300", "spatial_xenium_breast_scider")
    )
    pair = pair_of("lung tumour > Xenium breast, all cells", reference, query)
    result = spill_sections.called(pair.reference_data(), columns.UNIFIED_CELL_TYPE, pair.query_data(), folder)
    obs = result.obs
    taken = np.isin(pair.truth, list(TYPE_MARKERS)) & (obs[columns.PREDICTED].astype(str) == "Fibroblast").to_numpy()
    is_called = obs[columns.CONFIDENCE] >= CALL_THRESHOLD
    second = (obs[columns.SECOND_TYPE].astype(str) == pair.truth).to_numpy()
    row = spill_sections.calls(result, pd.Series(pair.truth, index=obs.index))
    print({name: round(float(value), 3) for name, value in row.items()})
    print(
        f"{taken.sum()} lymphocytes are called fibroblasts, {(taken & is_called).sum()} of "
        f"them at {CALL_THRESHOLD} and more; the second type of {100 * second[taken].mean():.0f} % is their label"
    )


def print_rows(rows: Iterable[dict[str, Any]], by: list[str]) -> None:
    """Print the rows, and the means of groups with several rows, with the calibration error over all their cells."""
    table = pd.DataFrame(map(print_row, rows))
    numbers = table.select_dtypes("number").columns.difference(by)
    print(table.drop(columns=spill_sections.RELIABILITY, errors="ignore").round(3).to_string(index=False))
    if by:
        groups = table.groupby(by)
        means = groups[list(numbers)].mean().assign(sections=groups.size())
        if spill_sections.RELIABILITY in table:
            means["pooled ece"] = groups[spill_sections.RELIABILITY].agg(spill_sections.pooled_error)
        print(f"\nmeans\n{means.round(3).to_string()}")


def print_row(row: dict[str, Any]) -> dict[str, Any]:
    """Print a row when it is measured, and return it."""
    plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in row.items()}
    print(json.dumps(plain, default=float), file=sys.stderr, flush=True)
    return row


def methods(rivals: Path | None, deep_rivals: Path | None) -> dict[str, spill_sections.SpillMethod]:
    """Return the methods that can be run, by name."""
    chosen: dict[str, spill_sections.SpillMethod] = {"ours": spill_sections.ours}
    if rivals:
        chosen["TACCO"] = spill_sections.rival(rivals, "tacco")
    if deep_rivals:
        chosen |= {
            "ResolVI": spill_sections.rival(deep_rivals, "resolvi"),
            "RCTD": spill_sections.rival(deep_rivals, "rctd"),
        }
    return chosen


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--parts", nargs="+", default=["lymphocytes"], choices=PARTS)
    parser.add_argument("--sources", nargs="+", default=[])
    parser.add_argument("--layouts", nargs="+", default=list(LAYOUTS))
    parser.add_argument("--shares", nargs="+", type=float, default=[0.0, 0.1, 0.2, 0.3, 0.4])
    parser.add_argument("--depths", nargs="+", type=float, default=[150.0])
    parser.add_argument("--in-turn", action="store_true", help="one layout for each source, share and depth, in turn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rivals", type=Path, help="interpreter with tacco, for the part rivals")
    parser.add_argument("--deep-rivals", type=Path, help="interpreter with scvi-tools and rctd-py, for the part rivals")
    parser.add_argument("--cells", type=int, default=100_000, help="cells of the part cost")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    data: Path = options.data
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "lymphocytes" in options.parts:
            lymphocytes(data, folder)
            whole_section(data, folder)
        grid = (tuple(options.sources), tuple(options.layouts), tuple(options.shares), tuple(options.depths))
        settings = partial(spill_sections.section_settings, data, *grid, options.seed, in_turn=options.in_turn)
        if "simulated" in options.parts:
            print_rows(spill_sections.simulated(settings(), folder), ["depth", "share"])
        if "purified" in options.parts:
            print_rows(spill_sections.purified(settings(), folder), ["share"])
        if "real" in options.parts:
            print_rows(spill_sections.real(data, folder), [])
        if "rivals" in options.parts:
            print_rows(
                spill_sections.compared(settings(), methods(options.rivals, options.deep_rivals), folder), ["share"]
            )
        if "cost" in options.parts:
            print(spill_sections.cost(data, folder, options.cells))


if __name__ == "__main__":
    main()
