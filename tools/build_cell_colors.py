"""Build spatialcore/data/colors/cell_types.csv from tools/cell_colors.txt: a colour for each common cell type.

tools/cell_colors.txt has one Cell Ontology name per line, the most common types first. In this order, each type gets
the colour of its lineage with the largest difference to all previous ones, the greys and white, with and without
red-green colour blindness. Types appended to the list change no other colour; existing types must not be reordered.

Usage: python tools/build_cell_colors.py [--check]
"""

import argparse
import csv
import io
import sys
from pathlib import Path

import numpy as np

from spatialcore.annotation.colors import TABLE, candidate_colors, rgb, to_hex
from spatialcore.annotation.ontology.lineage import lineage_of, term_named
from spatialcore.core.colors.difference import differences
from spatialcore.core.colors.palette import RESERVED

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "cell_colors.txt"
TARGET = HERE.parent / "spatialcore" / "data" / TABLE


def main() -> None:
    """Write the table, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    content = build(SOURCE.read_text(encoding="utf-8").splitlines())
    if not parser.parse_args().check:
        TARGET.write_text(content, encoding="utf-8")
    elif content != TARGET.read_text(encoding="utf-8"):
        sys.exit(f"{TARGET} is not what {SOURCE} gives")


def build(names: list[str]) -> str:
    """Return the table as CSV."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["id", "name", "lineage", "color"])
    taken = ["#ffffff", *RESERVED.values()]
    for name in names:
        term = term_named(name)
        if not term:
            sys.exit(f"{name!r} is not the name of a Cell Ontology term")
        candidates = candidate_colors(lineage_of(term))
        color = to_hex(candidates[int(np.argmax(differences(candidates, rgb(taken)).min(axis=1)))])
        taken.append(color)
        writer.writerow([term, name, lineage_of(term), color])
    return table.getvalue()


if __name__ == "__main__":
    main()
