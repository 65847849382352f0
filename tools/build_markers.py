"""Build spatialcore/data/markers/canonical_markers.json from tools/markers.tsv, which is edited by hand.

A line is a Cell Ontology name, a tab, and gene symbols, each with the number of published marker tables that have it
for this type, if any (``CD3D:4``). Genes are sorted by this number, ties in the order of the line; the documented
markers of a type come first. Names that are not in the ontology, symbols that are not in GENCODE, and types with fewer
than three genes are errors.

``--check`` compares only. ``--count TABLE`` updates the numbers (CSV: cl_id, gene, n_src).
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
DOCUMENTED = {
    "T cell": ["CD3D", "CD3G", "CD3E", "IL7R", "TRBC1"],
    "macrophage": ["CD163", "CD68", "MARCO", "CSF1R", "MERTK"],
    "fibroblast": ["COL1A1", "DCN", "PDGFRA", "VIM", "LUM"],
}
GENCODE = "data/samples/GENCODEv44_Gene_id2name.csv"


def current_symbols() -> set[str]:
    """Return the symbols of the GENCODE table that celltypist ships."""
    spec = find_spec("celltypist")
    if spec is None or spec.origin is None:
        raise SystemExit("celltypist is not installed: its GENCODE table is needed")
    with (Path(spec.origin).parent / GENCODE).open(newline="") as file:
        return {row[-1] for row in csv.reader(file)}


def read_table() -> dict[str, dict[str, int]]:
    """Return the source table: genes with their number of tables, by type."""
    table: dict[str, dict[str, int]] = {}
    for line in SOURCE.read_text().splitlines():
        name, genes = line.split("\t")
        if name in table:
            raise SystemExit(f"{SOURCE.name}: duplicate type {name}")
        pairs = [gene.partition(":") for gene in genes.split()]
        table[name] = {gene: int(count or 0) for gene, _, count in pairs}
    return table


def ranked(name: str, genes: dict[str, int]) -> list[str]:
    """Return the genes of a type: documented markers, then the others by number of tables."""
    documented = DOCUMENTED.get(name, [])
    return [*documented, *sorted((gene for gene in genes if gene not in documented), key=lambda gene: -genes[gene])]


def count_tables(file: Path) -> None:
    """Update the number of published tables per gene and type in the source table."""
    names = json.loads((DATA / "ontology_mappings" / "cl_hierarchy.json").read_text())["names"]
    with file.open(newline="") as rows:
        n_tables = {(names.get(row["cl_id"]), row["gene"]): int(row["n_src"]) for row in csv.DictReader(rows)}
    lines = []
    for name, genes in read_table().items():
        numbers = {gene: n_tables.get((name, gene), 0) for gene in genes}
        lines.append(name + "\t" + " ".join(f"{gene}:{n}" if n else gene for gene, n in numbers.items()))
    SOURCE.write_text("\n".join(lines) + "\n")


def errors_in(table: dict[str, dict[str, int]]) -> list[str]:
    """Return the errors in the table, one line each."""
    hierarchy = json.loads((DATA / "ontology_mappings" / "cl_hierarchy.json").read_text())
    names, symbols = set(hierarchy["names"].values()), current_symbols()
    errors = [f"not a Cell Ontology name: {name}" for name in table if name not in names]
    errors += [f"fewer than three genes: {name}" for name, genes in table.items() if len(genes) < 3]
    errors += [
        f"not a current symbol: {gene} ({name})"
        for name, genes in table.items()
        for gene in genes
        if gene not in symbols
    ]
    return errors


def build() -> str:
    """Return the content of the file."""
    table = read_table()
    if errors := errors_in(table):
        raise SystemExit("\n".join(errors))
    lines = [f"{json.dumps(name.lower())}: {json.dumps(ranked(name, genes))}" for name, genes in sorted(table.items())]
    metadata = {"types": len(table), "species": "human", "symbols": "GENCODE v44", "source": "tools/markers.tsv"}
    return '{\n"metadata": ' + json.dumps(metadata) + ',\n"markers": {\n' + ",\n".join(lines) + "\n}\n}\n"


def main() -> int:
    """Write the file, or report that it differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file differs")
    parser.add_argument("--count", type=Path, metavar="TABLE", help="update the numbers of published tables first")
    options = parser.parse_args()
    if options.count:
        count_tables(options.count)
    content = build()
    if not options.check:
        TARGET.write_text(content)
        return 0
    stale = not TARGET.is_file() or TARGET.read_text() != content
    if stale:
        print(f"{TARGET.name} is out of date", file=sys.stderr)
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
