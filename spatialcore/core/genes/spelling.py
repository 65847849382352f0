"""Repair gene names changed by spreadsheets, R or table writers: dates, repeated names, blanks."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from spatialcore.core.genes.dates import date_genes, is_date
from spatialcore.core.genes.names import is_ensembl
from spatialcore.core.genes.tables import ambiguous_symbols, current_symbols, known_names
from spatialcore.core.text.wording import list_names

_DOUBLED = re.compile(r"^(.+)[-.](\d{1,2})$")
_QUOTED = re.compile(r"""^b?(['"`])(.*)\1$""")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_ASSEMBLY = r"(?:GRC[hm]\d\d|hg\d\d|mm\d\d?)"
_GENOME = re.compile(rf"^{_ASSEMBLY}[-_.:|]+(?=\w)|(?<=\w)[-_.:|]+{_ASSEMBLY}$", re.IGNORECASE)
_BESIDE = re.compile(
    r"^(?:gene|human|mouse|homo_sapiens|mus_musculus)[-_:]+(?=\w)|[_|:;\s]+(?:human|mouse)$", re.IGNORECASE
)
_NUMBER_OR_TYPE = re.compile(r"^\d+\||\|(?:\d+|[a-z_]{4,})$")
_LOWER_CASE_ID = re.compile(r"^ens[a-z]{0,4}g\d{11}(?:\.\d+)?$")
_ID = r"(ENS(?:[A-Z]{3,4})?G\d{11}(?:\.\d+)?)"
_ID_AND_SYMBOL = re.compile(rf"^{_ID}[|:;,_\s-]+\S+$|^\S+?[|:;,_.\s]+[(\[]?{_ID}[)\]]?$")


@lru_cache(maxsize=2**17)  # the names of a panel are read several times in a run
def plain_name(name: str) -> str:
    """Return a name without what writers of tables put around it.

    That is blanks, quotes, invisible and full-width characters, typographic dashes, the genome, the species, and what
    stands beside a symbol or an Ensembl id.

    Examples
    --------
    >>> plain_name("GRCh38_CD3E"), plain_name("ENSG00000141510.18|TP53"), plain_name("b'CD4'"), plain_name("TP53|7157")
    ('CD3E', 'ENSG00000141510.18', 'CD4', 'TP53')
    """
    if name in known_names():
        return name
    text = _INVISIBLE.sub("", name if name.isascii() else unicodedata.normalize("NFKC", name)).strip()
    quoted = _QUOTED.match(text)
    text = _DASHES.sub("-", quoted.group(2).strip() if quoted else text)
    text = _GENOME.sub("", text)
    if _LOWER_CASE_ID.match(text):
        return text.upper()
    both = None if is_ensembl(text) else _ID_AND_SYMBOL.match(text)
    return (both.group(1) or both.group(2)) if both else _only_symbol(text)


def _only_symbol(text: str) -> str:
    """Return the symbol in a name such as "TP53|7157", "TP53|protein_coding" and "gene-TP53"; other names unchanged."""
    if text in known_names():
        return text
    parts = {_BESIDE.sub("", text), _NUMBER_OR_TYPE.sub("", text)} & known_names()
    return parts.pop() if len(parts) == 1 else text


def mend(names: Sequence[str]) -> list[str]:
    """Reverse the changes that R, spreadsheets and table writers make to names; gene symbols are unchanged.

    What surrounds a name is removed, see :func:`plain_name`. A date becomes the gene it stands for, if it is
    unambiguous. A symbol with a number as suffix ("CD3E-1", "CD3E.1") becomes the symbol, if the symbol is among the
    names.
    """
    texts = [plain_name(name) for name in names]
    symbols, present = known_names(), set(texts)
    unknown = [i for i, name in enumerate(texts) if name not in symbols]
    mouse: bool | None = None
    for i in unknown:
        doubled = _DOUBLED.match(texts[i])
        if doubled and doubled.group(1) in present and doubled.group(1) in symbols:
            texts[i] = doubled.group(1)
            continue
        genes = date_genes(texts[i])
        if len(genes) == 1:
            mouse = is_mouse(texts) if mouse is None else mouse
            texts[i] = genes[0].capitalize() if mouse else genes[0]
    return texts


def is_mouse(names: Sequence[str]) -> bool:
    """Return whether more of the names are mouse symbols than human symbols."""
    human, mouse = current_symbols("human"), current_symbols("mouse")
    return sum(name in mouse for name in names) > sum(name in human for name in names)


def name_findings(names: Sequence[str]) -> list[str]:
    """Describe names that match no gene, or a gene with another name."""
    texts = [plain_name(name) for name in names]
    dates = [name for name in texts if is_date(name)]
    mended = [f"{name} is {genes[0]}" for name in dates if len(genes := date_genes(name)) == 1]
    unclear = [f"{name} ({' or '.join(genes) or 'no gene'})" for name in dates if len(genes := date_genes(name)) != 1]
    several = [f"{name} ({' or '.join(ambiguous_symbols()[name])})" for name in texts if name in ambiguous_symbols()]
    empty = sum(not name or name.lower() in ("nan", "none", "<na>") for name in texts)
    numbers = [name for name in texts if name.isdigit()]
    findings = (
        ("names of genes that a spreadsheet made dates of", mended),
        ("dates that may be several genes, left alone", unclear),
        ("former symbols that stand for several genes, left alone", several),
        ("features without a name, left out", [str(empty)] if empty else []),
        ("features named by a number, left out", numbers if 2 * len(numbers) < len(texts) else []),
    )
    return [f"{what}: {list_names(each, 5)}" for what, each in findings if each]
