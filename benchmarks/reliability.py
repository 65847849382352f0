"""The reliability curve of the confidence between studies: a table, and a picture with one line per section.

    python -m benchmarks.reliability --data ../shared/data --picture docs/img/reliability.png

The sections are the real ones of :mod:`benchmarks.between_studies`; each has the same weight in the pooled curve.
"""

import argparse
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.between_studies import pipeline, table
from benchmarks.data.open_pairs import Pair
from benchmarks.data.study_pairs import spatial_pairs
from spatialcore.plotting import style

BINS = 10
MIN_CELLS = 20
"""Minimum number of cells in a bin of a single section that is drawn."""


def cells(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Return pair, bin, confidence and correctness of each call, for cells of types in the reference."""
    parts = []
    for pair in pairs:
        called, confidence = pipeline(pair)
        right = (pair.as_truth(called) == pair.truth)[pair.in_reference]
        confidences = confidence[pair.in_reference]
        bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
        parts.append(pd.DataFrame({"pair": pair.name, "bin": bins, "confidence": confidences, "right": right}))
    return pd.concat(parts, ignore_index=True)


def curve(called: pd.DataFrame) -> pd.DataFrame:
    """Return share of cells, mean confidence and accuracy by bin; every pair has the same weight."""
    weight = 1 / called.groupby("pair")["right"].transform("size") / called["pair"].nunique()
    weighted = called[["confidence", "right"]].mul(weight, axis=0).assign(bin=called["bin"], share=weight)
    sums = weighted.groupby("bin").sum()
    by_bin = sums[["confidence", "right"]].div(sums["share"], axis=0)
    return by_bin.assign(n_cells=called.groupby("bin").size(), share_of_cells=sums["share"])


def picture(called: pd.DataFrame, path: Path) -> None:
    """Draw the pooled curve and the curve of each section."""
    figure = style.new_figure((7.0, 5.0))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=style.MUTED, linestyle=":", linewidth=1, label="perfect calibration")
    for name, part in called.groupby("pair"):
        one = curve(part).query("n_cells >= @MIN_CELLS")
        axes.plot(one["confidence"], one["right"], linewidth=1, alpha=0.7, label=str(name))
    every = curve(called)
    axes.plot(every["confidence"], every["right"], color=style.INK, marker="o", linewidth=2, label="all sections")
    axes.axvline(0.8, color=style.INK, linestyle="--", linewidth=0.8)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("Confidence")
    axes.set_ylabel("Calls that are right")
    figure.legend(loc="outside right upper", frameon=False, fontsize=style.SMALL)
    style.style_axes(axes, grid="y")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--picture", type=Path, help="file of the picture")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    called = cells(spatial_pairs(options.data))
    rows = curve(called).reset_index()
    rows.insert(0, "pair", [f"{k / BINS:.1f} to {(k + 1) / BINS:.1f}" for k in rows["bin"]])
    print(
        table(rows[["pair", "share_of_cells", "confidence", "right"]]).rpartition("\n")[0]
    )  # the mean is not over bins
    if options.picture:
        picture(called, options.picture)


if __name__ == "__main__":
    main()
