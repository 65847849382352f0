"""Build spatialcore/data/gene_mappings/orthologs_human_mouse.tsv.gz from the table in celltypist's wheel.

The source is Ensembl 105's table of human genes and their mouse orthologs, as symbols. Only pairs whose symbols are in
no other pair are included. Former symbols are replaced by current ones if only one gene of the species had them.

Usage: python tools/build_orthologs.py [--check]
"""

import argparse
import csv
import gzip
import io
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from spatialcore.core.genes.names import SPECIES
from spatialcore.core.genes.tables import renamed_symbols

TARGET = Path(__file__).resolve().parents[1] / "spatialcore" / "data" / "gene_mappings" / "orthologs_human_mouse.tsv.gz"
SOURCE = "data/samples/Ensembl105_Human2Mouse_Genes.csv"
HEADER = "# one-to-one orthologs of Ensembl 105 (table in celltypist's wheel), symbols brought up to date\n"


def read_pairs() -> set[tuple[str, str]]:
    """Return all pairs of the source table."""
    spec = find_spec("celltypist")
    if spec is None or spec.origin is None:
        raise SystemExit("install celltypist: its wheel has the table of orthologs")
    with (Path(spec.origin).parent / SOURCE).open(newline="") as file:
        return {(row[0].strip(), row[1].strip()) for row in csv.reader(file) if len(row) == 2 and all(row)}


def one_to_one(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the pairs in which neither symbol is in another pair."""
    human, mouse = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    return {(one, other) for one, other in pairs if human[one] == 1 and mouse[other] == 1}


def build() -> str:
    """Return the content of the table."""
    human, mouse = (renamed_symbols(species) for species in SPECIES)
    pairs = {(human.get(one, one), mouse.get(other, other)) for one, other in one_to_one(read_pairs())}
    lines = [f"{one}\t{other}\n" for one, other in sorted(one_to_one(pairs))]
    return HEADER + "human\tmouse\n" + "".join(lines)


def main() -> int:
    """Write the table, or report that it differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the table differs")
    content = build()
    if parser.parse_args().check:
        stale = not TARGET.is_file() or gzip.decompress(TARGET.read_bytes()).decode() != content
        if stale:
            print(f"{TARGET.name} differs from the output of the tool", file=sys.stderr)
        return int(stale)
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as stream:
        stream.write(content.encode())
    TARGET.write_bytes(buffer.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
