"""How many labels change their term in another writing: of a cluster, of a donor, in quotes, in capitals.

python -m benchmarks.ontology_writings ../shared/truth --show 5
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.ontology import read_truth
from spatialcore.annotation.ontology.matcher import matcher_for

WRITINGS: dict[str, Callable[[str], str]] = {
    "7_ in front": lambda label: f"7_{label}",
    "Cluster 12: in front": lambda label: f"Cluster 12: {label}",
    "Donor3_ in front": lambda label: f"Donor3_{label}",
    "_2 behind": lambda label: f"{label}_2",
    "3 behind": lambda label: f"{label} 3",
    "(4) behind": lambda label: f"{label} (4)",
    "cells behind": lambda label: label if label.lower().endswith(("cell", "cells")) else f"{label} cells",
    "in quotes": lambda label: f'"{label}"',
    "underscores for spaces": lambda label: label.replace(" ", "_"),
    "hyphens for spaces": lambda label: label.replace(" ", "-"),
    "dots for spaces": lambda label: label.replace(" ", "."),
    "lower case": str.lower,
    "upper case": str.upper,
}


def changed(labels: list[str], write: Callable[[str], str]) -> list[str]:
    """Return the labels that mean another term when written in this way."""
    match = matcher_for().match
    return [label for label in labels if match(write(label)).id != match(label).id]


def main() -> None:
    """Print the share of labels that change, and some of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    labels = sorted(set(read_truth(options.truth)["label"]))
    for name, write in WRITINGS.items():
        others = changed(labels, write)
        print(f"{name:24} {100 * len(others) / len(labels):5.1f} %  {', '.join(others[: options.show])}")
    print(f"of {len(labels)} labels")


if __name__ == "__main__":
    main()
