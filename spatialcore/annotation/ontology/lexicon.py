"""What curators of published atlases said of their own labels.

The table is ``data/ontology_mappings/lexicon.tsv``, made by ``tools/build_lexicon.py``: the words of a label, the term,
and the tables that say so. A fact is used after the ontology's names and our patterns, before any guess. NOTICE names
the tables and their licences.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache

from spatialcore.annotation.ontology.hierarchy import distance, lowest_common_ancestor
from spatialcore.annotation.ontology.tables import read_rows

# Terms farther than this from what they share are different cells, not shades of one.
NEAR = 2


@cache
def facts_of(without: str = "") -> dict[str, str]:
    """Return the term of every label in the lexicon, by the label's words.

    Parameters
    ----------
    without
        Names of tables to leave out, joined by commas: evaluation on a table must not read its own facts.
    """
    left_out = frozenset(without.split(","))
    votes: dict[str, Counter[str]] = {}
    for words, term, sources in read_rows("lexicon.tsv"):
        count = sum(source not in left_out for source in sources.split(","))
        if count:
            votes.setdefault(words, Counter())[term] += count
    return {words: term for words, count in votes.items() if (term := _verdict(count))}


def _verdict(votes: Counter[str]) -> str:
    """Return the term most tables give; what the terms share where they are near each other; else none."""
    (first, most), *others = votes.most_common()
    if not others or most > others[0][1]:
        return first
    return _shared(votes)


def _shared(terms: Iterable[str]) -> str:
    found = sorted(terms)
    shared = lowest_common_ancestor(found)
    return shared if all(distance(term, shared) <= NEAR for term in found) else ""
