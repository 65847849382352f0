"""What the short forms in labels stand for, tissue by tissue where it matters.

The table is ``data/ontology_mappings/abbreviations.tsv``: short form, words that name the tissue (one of them must be
found in the caller's tissue; none given: anywhere), and what to read instead. Its readings win over the ontology's own
two- and three-letter synonyms, some of which are traps (PC is Purkinje cell there, EC an effector chondrocyte).
"""

from functools import cache

from spatialcore.annotation.ontology.tables import read_rows


@cache
def abbreviations() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Return the readings of each short form with the tissues they hold in, those bound to a tissue first."""
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for short, tissue, reads in read_rows("abbreviations.tsv"):
        table.setdefault(short, []).append((tuple(tissue.split()), reads))
    return {short: sorted(readings, key=lambda item: not item[0]) for short, readings in table.items()}


def reading(word: str, tissue: str = "") -> str | None:
    """Return what a short form stands for in a tissue, None where it is not one.

    Examples
    --------
    >>> reading("pc", "kidney"), reading("pc")
    ('renal principal cell', 'plasma cell')
    """
    for places, reads in abbreviations().get(word, []):
        if not places or any(place in tissue.lower() for place in places):
            return reads
    return None
