"""Types outside the reference: whether their rejected cells become a group, and how it is named.

    python -m benchmarks.unknown_groups --data ../shared/data

In five open pairs, the three types with most query cells (of those with 20 cells on both sides, and at most half of the
query) are hidden from the reference, one at a time. ``rejected``: cells below 0.8, and how many of them are of the
hidden type. ``purity``: the largest share of the hidden type in a group; a type is found if it is 0.8. ``score`` and
``other scores``: unseen score of this group, and mean of the groups in which most cells are of known types.
"""

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.data.open_pairs import Pair, open_pairs
from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.annotation.unknown.groups import group_unknown_cells

MIN_CELLS, PER_PAIR, THRESHOLD, PURE = 20, 3, 0.8, 0.8
PAIRS = (0, 1, 2, 3, 6)


def hidden_types(pair: Pair) -> list[str]:
    """Return the types to hide, the most frequent first."""
    sizes = {label: int((pair.truth == label).sum()) for label in np.unique(pair.labels)}
    fit = [
        str(label)
        for label, n in sizes.items()
        if min(n, int((pair.labels == label).sum())) >= MIN_CELLS and n <= 0.5 * len(pair.truth)
    ]
    return sorted(fit, key=lambda label: (-sizes[label], label))[:PER_PAIR]


def measure(pair: Pair, hidden: str) -> dict[str, object]:
    """Hide one type, and describe the groups of the rejected cells."""
    query, reference = pair.query_data(), pair.without(hidden)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        train_celltypist_model(reference.reference_data(), output_path=path, trainer="logistic", query=query)
        annotate_celltypist(query, custom_model_path=path, confidence_transform="calibrated", min_confidence=THRESHOLD)
    table = group_unknown_cells(query)
    rejected = (query.obs[columns.CELL_TYPE] == columns.UNASSIGNED).to_numpy()
    is_hidden = pair.truth == hidden
    group = query.obs[columns.UNKNOWN_GROUP].astype(str)
    purity = pd.Series(is_hidden, index=group.index).groupby(group).mean().drop("", errors="ignore")
    best = str(purity.idxmax()) if len(purity) else ""
    is_of_known_types = table["group"].map(purity) < 0.5
    row = table.set_index("group").loc[best] if best else None
    return {
        "cells": int(is_hidden.sum()),
        "rejected": int(rejected.sum()),
        "of the type": int((rejected & is_hidden).sum()),
        "groups": len(table),
        "purity": float(purity.max()) if len(purity) else 0.0,
        "size": 0 if row is None else int(row["n_cells"]),
        "named": "" if row is None else row["lineage"],
        "closest class": "" if row is None else row["closest_class"],
        "score": np.nan if row is None else row["unseen_score"],
        "other scores": table.loc[is_of_known_types, "unseen_score"].mean(),
    }


def results(data: Path) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Measure pair by pair."""
    pairs = open_pairs(data)
    for index, pair in enumerate(islice(pairs, max(PAIRS) + 1)):
        if index in PAIRS:
            for hidden in hidden_types(pair):
                yield pair.name, hidden, measure(pair, hidden)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    is_pure: list[bool] = []
    for name, hidden, row in results(options.data):
        if not is_pure:
            print("| pair | hidden | " + " | ".join(row) + " |")
            print("|---" * (len(row) + 2) + "|")
        cells = (f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values())
        print(f"| {name} | {hidden} | " + " | ".join(cells) + " |", flush=True)
        is_pure.append(float(str(row["purity"])) >= PURE)
    print(f"\n{sum(is_pure)} of {len(is_pure)} hidden types ({np.mean(is_pure):.2f}) became a group of purity {PURE:g}")


if __name__ == "__main__":
    main()
