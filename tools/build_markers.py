"""Build spatialcore/data/markers/canonical_markers.json from tools/markers.tsv, which is edited by hand.

A line is a Cell Ontology name, a tab, and gene symbols, each with the number of published marker tables that have it
for this type, if any (``CD3D:4``). Genes are sorted by this number, ties in the order of the line; the documented
markers of a type come first. Names that are not in the ontology, symbols that are not in GENCODE, and types with fewer
than three genes are errors.

canonical_markers_mouse.json has the genes of tools/markers_mouse.tsv (Cell Ontology name, genes, published sources);
after them, and for all other types, the one-to-one orthologs of the human genes. ``own`` is the number of genes of a
type that are from the table.

``--check`` compares only. ``--count TABLE`` updates the numbers (CSV: cl_id, gene, n_src).
"""

import argparse
import csv
import json
import sys
from importlib.util import find_spec
from pathlib import Path

from spatialcore.core.genes.tables import load_ensembl_to_hugo_mapping, orthologs

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "markers.tsv"
DATA = HERE.parent / "spatialcore" / "data"
TARGET = DATA / "markers" / "canonical_markers.json"
MOUSE_SOURCE = HERE / "markers_mouse.tsv"
MOUSE_TARGET = DATA / "markers" / "canonical_markers_mouse.json"
DOCUMENTED = {
    "T cell": ["CD3D", "CD3G", "CD3E", "IL7R", "TRBC1"],
    "macrophage": ["CD163", "CD68", "MARCO", "CSF1R", "MERTK"],
    "fibroblast": ["COL1A1", "DCN", "PDGFRA", "VIM", "LUM"],
}
GENCODE = "data/samples/GENCODEv44_Gene_id2name.csv"


def current_symbols() -> set[str]:
    """Return the symbols of the GENCODE table shipped with celltypist."""
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


def read_mouse_table() -> dict[str, list[str]]:
    """Return the genes of tools/markers_mouse.tsv by type."""
    rows = [line.split("\t") for line in MOUSE_SOURCE.read_text().splitlines()]
    names = set(json.loads((DATA / "ontology_mappings" / "cl_hierarchy.json").read_text())["names"].values())
    symbols = set(load_ensembl_to_hugo_mapping(species="mouse").values())
    wrong = [f"not a Cell Ontology name: {name}" for name, _, _ in rows if name not in names]
    wrong += [f"fewer than three genes: {name}" for name, genes, _ in rows if len(genes.split()) < 3]
    wrong += [f"without a source: {name}" for name, _, source in rows if not source]
    wrong += [
        f"not a current symbol: {gene} ({name})"
        for name, genes, _ in rows
        for gene in genes.split()
        if gene not in symbols
    ]
    if wrong or len({name for name, _, _ in rows}) < len(rows):
        raise SystemExit("\n".join(wrong) or f"{MOUSE_SOURCE.name}: a duplicate type")
    return {name: genes.split() for name, genes, _ in rows}


def build_mouse() -> str:
    """Return the content of the file for mouse."""
    published, table, mouse_symbols = read_mouse_table(), read_table(), orthologs("human", "mouse")
    bridged = {
        name: [mouse_symbols[gene] for gene in ranked(name, genes) if gene in mouse_symbols]
        for name, genes in table.items()
    }
    merged = {
        name: list(dict.fromkeys([*published.get(name, []), *bridged.get(name, [])])) for name in {*published, *bridged}
    }
    markers = {name.lower(): genes for name, genes in sorted(merged.items()) if len(genes) >= 3}
    lines = [f"{json.dumps(name)}: {json.dumps(genes)}" for name, genes in markers.items()]
    metadata = {
        "types": len(markers),
        "species": "mouse",
        "symbols": "GENCODE vM37",
        "source": "tools/markers_mouse.tsv; behind it one-to-one orthologs (Ensembl 105) of tools/markers.tsv",
        "own": {name.lower(): len(genes) for name, genes in sorted(published.items())},
    }
    return '{\n"metadata": ' + json.dumps(metadata) + ',\n"markers": {\n' + ",\n".join(lines) + "\n}\n}\n"


def main() -> int:
    """Write the files, or report which differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file differs")
    parser.add_argument("--count", type=Path, metavar="TABLE", help="update the numbers of published tables first")
    options = parser.parse_args()
    if options.count:
        count_tables(options.count)
    contents = {TARGET: build(), MOUSE_TARGET: build_mouse()}
    stale = [path for path, content in contents.items() if not path.is_file() or path.read_text() != content]
    if options.check:
        for path in stale:
            print(f"{path.name} is out of date", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(contents[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
