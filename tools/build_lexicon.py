"""Build spatialcore/data/ontology_mappings/lexicon.tsv from curated tables that may be shipped with attribution.

The tables (columns label, cl_id, source) are those of the Human Reference Atlas (CC BY 4.0) and of the Human Lung Cell
Atlas (MIT); NOTICE names them. Omitted are labels that name no type or several, labels that are names or synonyms, and
entries of another lineage than the match of the label (errors in a table). ``--check`` compares only.

    python tools/build_lexicon.py ../shared/truth
"""

import argparse
import csv
import sys
from pathlib import Path

from spatialcore.annotation.ontology.head_noun import lineages
from spatialcore.annotation.ontology.hierarchy import ROOT, current_id
from spatialcore.annotation.ontology.index import load_ontology_index
from spatialcore.annotation.ontology.junk import is_junk
from spatialcore.annotation.ontology.label_parts import alternatives
from spatialcore.annotation.ontology.matcher import Matcher
from spatialcore.annotation.ontology.normalize import words_of
from spatialcore.annotation.ontology.phrasing import without_cell
from spatialcore.annotation.ontology.relations import distance

SOURCES = ("hra_celltypist", "hra_azimuth", "hra_frmatch", "hra_popv", "asctb", "hlca_author")
TARGET = Path(__file__).resolve().parents[1] / "spatialcore" / "data" / "ontology_mappings" / "lexicon.tsv"
# Entries farther than this from a match with a high score are errors in a table.
HIGH_SCORE, MAX_DISTANCE = 0.8, 4
HEADER = "words\tid\tsources\n"


def build(folder: Path) -> str:
    """Return the content of the table."""
    matcher = Matcher(load_ontology_index())
    entries: dict[tuple[str, str], set[str]] = {}
    for source in SOURCES:
        with (folder / f"{source}.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                term = current_id(row["cl_id"])
                words = " ".join(without_cell(words_of(row["label"])))
                if term and _is_entry(row["label"], words, term, matcher):
                    entries.setdefault((words, term), set()).add(source)
    return HEADER + "".join(
        f"{words}\t{term}\t{','.join(sorted(of))}\n" for (words, term), of in sorted(entries.items())
    )


def _is_entry(label: str, words: str, term: str, matcher: Matcher) -> bool:
    if term == ROOT or len(words) < 3 or is_junk(label) or len(alternatives(label)) > 1:
        return False
    if matcher.exact(label).tier == "tier1_exact":
        return False
    match = matcher.match(label)
    if not match.id:
        return True
    match_lineages, term_lineages = lineages(match.id), lineages(term)
    is_other_lineage = bool(match_lineages and term_lineages) and not match_lineages & term_lineages
    return not is_other_lineage and (match.score < HIGH_SCORE or distance(match.id, term) <= MAX_DISTANCE)


def main() -> int:
    """Write the file, or report that it differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path, help="folder of the curated tables")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file differs")
    options = parser.parse_args()
    content = build(options.tables)
    if not options.check:
        TARGET.write_text(content, encoding="utf-8")
        return 0
    stale = not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != content
    if stale:
        print(f"{TARGET.name} is out of date", file=sys.stderr)
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
