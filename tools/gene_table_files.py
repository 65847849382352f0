"""Write or check the compressed tables of spatialcore/data/gene_mappings, for the tools that build them."""

import gzip
import sys
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "spatialcore" / "data" / "gene_mappings"


def write_or_check(tables: Iterable[tuple[str, str]], *, check: bool) -> int:
    """Write the tables, or report those that differ, and return the exit code.

    Parameters
    ----------
    tables
        File name and content of each table.
    check
        Write nothing; the exit code is 1 if a table differs.
    """
    stale = []
    for name, content in tables:
        target = FOLDER / name
        if check:
            same = target.is_file() and gzip.decompress(target.read_bytes()).decode() == content
            stale += [] if same else [name]
        else:
            FOLDER.mkdir(parents=True, exist_ok=True)
            target.write_bytes(gzip.compress(content.encode(), 9, mtime=0))
            print(f"{name}: {content.count(chr(10))} lines")
    if stale:
        print(f"out of date: {', '.join(stale)}", file=sys.stderr)
    return 1 if stale else 0
