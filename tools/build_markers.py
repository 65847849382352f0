"""Make spatialcore/data/markers/canonical_markers.json from tools/markers.tsv, the table that people edit.

A line is a Cell Ontology name, a tab, and gene symbols, the most telling first. The tool refuses names that the
ontology does not have, symbols that GENCODE does not have, and types with fewer than three genes.
``--check`` compares only.
"""

import argparse
import csv
import json
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "markers.tsv"
DATA = HERE.parent / "spatialcore" / "data"
TARGET = DATA / "markers" / "canonical_markers.json"
GENCODE = "data/samples/GENCODEv44_Gene_id2name.csv"


def current_symbols() -> set[str]:
    """Return the symbols of the GENCODE table that celltypist ships."""
    spec = find_spec("celltypist")
    if spec is None or spec.origin is None:
        raise SystemExit("install celltypist: its GENCODE table tells current symbols from retired ones")
    with (Path(spec.origin).parent / GENCODE).open(newline="") as file:
        return {row[-1] for row in csv.reader(file)}


def read_table() -> dict[str, list[str]]:
    """Return genes by type as they stand in the source table."""
    table = {}
    for line in SOURCE.read_text().splitlines():
        name, genes = line.split("\t")
        if name in table:
            raise SystemExit(f"{SOURCE.name}: {name} stands twice")
        table[name] = list(dict.fromkeys(genes.split()))
    return table


def faults(table: dict[str, list[str]]) -> list[str]:
    """Return what is wrong with the table, one line each."""
    hierarchy = json.loads((DATA / "ontology_mappings" / "cl_hierarchy.json").read_text())
    names, symbols = set(hierarchy["names"].values()), current_symbols()
    found = [f"not a Cell Ontology name: {name}" for name in table if name not in names]
    found += [f"fewer than three genes: {name}" for name, genes in table.items() if len(genes) < 3]
    found += [
        f"not a current symbol: {gene} ({name})"
        for name, genes in table.items()
        for gene in genes
        if gene not in symbols
    ]
    return found


def build() -> str:
    """Return the content of the file."""
    table = read_table()
    if wrong := faults(table):
        raise SystemExit("\n".join(wrong))
    lines = [f"{json.dumps(name.lower())}: {json.dumps(genes)}" for name, genes in sorted(table.items())]
    metadata = {"types": len(table), "species": "human", "symbols": "GENCODE v44", "source": "tools/markers.tsv"}
    return '{\n"metadata": ' + json.dumps(metadata) + ',\n"markers": {\n' + ",\n".join(lines) + "\n}\n}\n"


def main() -> int:
    """Write the file, or say that it differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file differs")
    content = build()
    if not parser.parse_args().check:
        TARGET.write_text(content)
        return 0
    stale = not TARGET.is_file() or TARGET.read_text() != content
    if stale:
        print(f"{TARGET.name} is not what the tool makes", file=sys.stderr)
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
