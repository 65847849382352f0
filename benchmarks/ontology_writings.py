"""Share of labels whose term changes with the spelling: cluster or donor prefix, quotes, case.

python -m benchmarks.ontology_writings ../shared/truth --show 5
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.ontology import read_truth
from spatialcore.annotation.ontology.matcher import matcher_for

WRITINGS: dict[str, Callable[[str], str]] = {
    "prefix 7_": lambda label: f"7_{label}",
    "prefix Cluster 12:": lambda label: f"Cluster 12: {label}",
    "prefix Donor3_": lambda label: f"Donor3_{label}",
    "suffix _2": lambda label: f"{label}_2",
    "suffix 3": lambda label: f"{label} 3",
    "suffix (4)": lambda label: f"{label} (4)",
    "suffix cells": lambda label: label if label.lower().endswith(("cell", "cells")) else f"{label} cells",
    "in quotes": lambda label: f'"{label}"',
    "underscores for spaces": lambda label: label.replace(" ", "_"),
    "hyphens for spaces": lambda label: label.replace(" ", "-"),
    "dots for spaces": lambda label: label.replace(" ", "."),
    "lower case": str.lower,
    "upper case": str.upper,
}


def changed(labels: list[str], write: Callable[[str], str]) -> list[str]:
    """Return the labels whose term changes with this spelling."""
    match = matcher_for().match
    return [label for label in labels if match(write(label)).id != match(label).id]


def main() -> None:
    """Print the share of labels that change, with examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    labels = sorted(set(read_truth(options.truth)["label"]))
    for name, write in WRITINGS.items():
        variants = changed(labels, write)
        print(f"{name:24} {100 * len(variants) / len(labels):5.1f} %  {', '.join(variants[: options.show])}")
    print(f"of {len(labels)} labels")


if __name__ == "__main__":
    main()
