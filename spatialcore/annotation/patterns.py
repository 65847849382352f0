"""Regular expressions for short spellings of cell types, each with the name of a Cell Ontology term.

The first matching pattern is used, so subtypes come before their general types. Patterns are applied to the label in
lower case, with underscores as spaces, Greek letters spelled out and without a leading cluster number. Words that may
be part of a longer name (``macrophage``, ``fibroblast``) are anchored with ``^`` and ``$``: longer names are matched
by their words against the whole ontology.
"""

import re
from functools import lru_cache

from spatialcore.annotation.ontology.normalize import normalize_label

_CELL = r"(?:[ -]*cells?)?"
_T = r"(?:[ -]*(?:t|t[ -]?cells?|t[ -]lymphocytes?))"
_DC = r"(?:dendritic cells?|dcs?)"
_MONO = rf"mono(?:cytes?)?{_CELL}"
_CD16 = r"(?:cd16|fcgr3a)\+?"
# Names of tumours, and of the cells around tumour cells
_SOLID = r"(?:\w*carcinoma|\w*melanoma|glioma|\w{4,}blastoma|\w*sarcoma)"
_BLOOD = r"(?:lymphoma|leuka?emi[ac]|myeloma)"
_HOST = (
    r"(?:t|b|nk|cd\d+|plasma|immune|lympho\w*|myeloid|mono\w*|macro\w*|mac|microgli\w*|mast|neutro\w*|granulo\w*|dcs?|dendritic|treg"
    r"|endo\w*|ecs?|vascular|peri\w*|mural|smooth|fibro\w*|cafs?|strom\w*|mesenchym\w*|normal|non)s?"
)
_NEARBY = r"(?![ -]*(?:associated|infiltrating|specific))"
_GROWN = (
    r"(?:epithelial|epithelium|basal|luminal|luma|lumb|her2|cycling|stem|ductal|acinar|squamous|glandular|club|alveolar|at2"
    r"|hepatocytes?|keratinocytes?|kcs?|melanocytes?|astrocytes?|cholangiocytes?|enterocytes?|colonocytes?|urothelial)"
)
_ALVEOLAR = r"alveolar (?:epithelial )?(?:cells? )?type"

CELL_TYPE_PATTERNS: dict[str, str] = {
    # tumours: cells that a tumour consists of, not the cells that infiltrate it
    rf"(?<!non )(?<!non-)\b(?:malignan\w+|neoplas\w+|{_BLOOD})\b{_NEARBY}": "malignant cell",
    rf"^(?!.*\b{_HOST}\b).*\b{_SOLID}\b{_NEARBY}": "malignant cell",
    rf"^(?:aml |b-?all |t-?all |all |cll |leuka?emi[ac] )?blasts?{_CELL}$": "malignant cell",
    rf"(?<!non )(?<!non-)\b(?:tumou?r|cancer){_CELL}$": "malignant cell",
    rf"^(?:tumou?r|cancer)[ -]+{_GROWN}\b": "malignant cell",
    # T cells
    rf"^(?:t{_CELL}|t[ -]?cells?|t[ -]lymphocytes?|cd3\+?{_T})$": "t cell",
    rf"^cd4(?: ?\+| ?pos(?:itive)?|-positive)?{_T}?$": "cd4-positive, alpha-beta t cell",
    rf"^cd8[ab]?(?: ?\+| ?pos(?:itive)?|-positive)?{_T}?$": "cd8-positive, alpha-beta t cell",
    r"^t[ -]?(?:cells?)?[ ,.:]*cd4\+?$": "cd4-positive, alpha-beta t cell",
    r"^t[ -]?(?:cells?)?[ ,.:]*cd8\+?$": "cd8-positive, alpha-beta t cell",
    r"\bt[ -]?regs?\b|^regulatory t$|\bt regulatory\b|\bfoxp3\+? ?t\b": "regulatory t cell",
    r"(?<!non )(?<!non-)\bt[ -]?fh\b|\bt follicular helper\b": "t follicular helper cell",
    r"^(?:gamma[ -]?delta|gd)[ -]?t(?: cells?)?$|^t ?(?:gd|gamma[ -]?delta)$": "gamma-delta t cell",
    r"\bmait\b": "mucosal-associated invariant t cell",
    rf"^th{_CELL}$|^helper t$": "helper t cell",
    # NK and other innate lymphocytes
    rf"^(?:nk|natural[ -]killer){_CELL}$": "natural killer cell",
    rf"^(?:nk[ -]?t|natural[ -]killer[ -]t){_CELL}$": "mature nk t cell",
    r"^ilcs?$": "innate lymphoid cell",
    r"^(?:cycling |prolif\w* )?t[ /&-]+nk(?:[ /&-]+ilcs?)?(?: cells?)?$": "lymphocyte",
    # B cells and plasma cells
    rf"^(?:b{_CELL}|b[ -]?cells?|b[ -]lymphocytes?)$": "b cell",
    rf"^(?:plasma(?: b)?{_CELL}|plasmacytes?)$": "plasma cell",
    r"^plasma ?blasts?$": "plasmablast",
    # dendritic cells
    rf"\bc?dc-?1\b|^c?dc 1\b|\bconventional {_DC} (?:type )?(?:1|i)\b": "conventional dendritic cell type 1",
    rf"\bc?dc-?2\b|^c?dc 2\b|\bconventional {_DC} (?:type )?(?:2|ii)\b": "conventional dendritic cell type 2",
    r"\bp[ -]?dcs?\b|^plasmacytoid (?:dendritic|dcs?)\b": "plasmacytoid dendritic cell",
    r"\bmig(?:ratory)?[. -]*(?:c?dcs?|dendritic cells?)\b": "migratory dendritic cell",
    r"^(?:conventional |classical |c)?(?:dcs?|dendritic)(?: cells?)?$": "dendritic cell",
    # monocytes and macrophages
    rf"^cd14\+?[ -]*{_MONO}$|^{_MONO}[ ,-]*cd14\+?$": "cd14-positive monocyte",
    rf"^{_CD16}[ -]*{_MONO}$|^{_MONO}[ ,-]*{_CD16}$": "cd14-low, cd16-positive monocyte",
    rf"^classical {_MONO}$": "classical monocyte",
    rf"^non[ -]?classical {_MONO}$": "non-classical monocyte",
    rf"^{_MONO}$": "monocyte",
    r"^macrophages?$|^(?:macs?|macro|mph|mphi|mp)$": "macrophage",
    r"^alveolar (?:macrophages?|macs?|mph)$": "alveolar macrophage",
    # other blood
    r"^mast(?: cells?)?$": "mast cell",
    r"^(?:neutrophils?|neuts?|neutro|pmns?)$": "neutrophil",
    r"^(?:rbcs?|red blood cells?|erythrocytes?)$": "erythrocyte",
    r"^(?:platelets?|plts?|thrombocytes?)$": "platelet",
    r"^(?:immune|leu[ck]ocytes?|cd45\+?)(?: cells?)?$": "leukocyte",
    r"^(?:lymphoid|lymphocytes?)(?: cells?)?$": "lymphocyte",
    # vessels and stroma
    r"^(?:endo(?:thelial|thelium)?(?: cells?)?|ecs?)$": "endothelial cell",
    r"^(?:lymphatics?(?: (?:ecs?|endothelial cells?|endothelial|endothelium))?|lecs?)$": "lymphatic endothelial cell",
    r"^(?:fibroblasts?|fibro|fibs?|fbs?)$": "fibroblast",
    r"^(?:peri|pericytes?)$": "pericyte",
    r"^(?:smcs?|smooth muscle(?: cells?)?)$": "smooth muscle cell",
    r"^v(?:ascular )?smcs?$|^vascular smooth muscle(?: cells?)?$": "vascular associated smooth muscle cell",
    # epithelia
    r"^epi(?:thelial|thelium)?(?: cells?)?$": "epithelial cell",
    rf"\b(?:at|aec|ap) ?(?:1|i)\b|^{_ALVEOLAR} (?:1|i){_CELL}$": "pulmonary alveolar type 1 cell",
    rf"\b(?:at|aec|ap) ?(?:2|ii)\b|^{_ALVEOLAR} (?:2|ii){_CELL}$": "pulmonary alveolar type 2 cell",
    r"^club\b(?: cells?)?(?: ?\(.*\))?$": "club cell",
    r"\b(?:intestinal )?tuft(?: cells?)?\b|^brush cells?\b": "tuft cell",
    r"^goblets?(?: cells?)?$": "goblet cell",
    r"^basal(?: cells?)?$": "basal cell",
    r"^(?:multi)?ciliated(?: cells?)?$": "multiciliated epithelial cell",
    # pancreatic islets
    r"^(?:pancreatic |islet )?alpha(?: cells?)?$": "pancreatic a cell",
    r"^(?:pancreatic |islet )?beta(?: cells?)?$": "type b pancreatic cell",
    r"^(?:pancreatic |islet )?delta(?: cells?)?$": "pancreatic d cell",
    r"^(?:pancreatic |islet )?(?:gamma|pp)(?: cells?)?$": "pancreatic pp cell",
    r"^(?:pancreatic |islet )?epsilon(?: cells?)?$": "pancreatic epsilon cell",
    r"^acinar(?: cells?)?$": "acinar cell",
    r"^ductal(?: cells?)?$": "duct epithelial cell",
    # nervous system
    r"^opcs?$|^oligodendrocyte (?:precursor|progenitor)(?: cells?)?s?$": "oligodendrocyte precursor cell",
    r"^(?:oligo(?:dendrocytes?)?|odcs?)$": "oligodendrocyte",
    r"^astro(?:cytes?)?$": "astrocyte",
    r"^microglia(?:l cells?)?$": "microglial cell",
}


def get_canonical_term(label: str) -> str | None:
    """Return the lower-case name of the Cell Ontology term that a pattern gives for a label, or None.

    `CELL_TYPE_PATTERNS` is read on every call, so patterns can be added at run time.

    Parameters
    ----------
    label
        The label of a cell type.

    Returns
    -------
    str or None
        The lower-case name of the term, a key of the ontology index; None if no pattern matches.

    Examples
    --------
    >>> get_canonical_term("Club (nasal)")
    'club cell'
    >>> get_canonical_term("Migratory DCs")
    'migratory dendritic cell'
    """
    text = " ".join(normalize_label(label).replace(".", " ").split())
    for pattern, term in CELL_TYPE_PATTERNS.items():
        if _compiled(pattern).search(text):
            return term
    return None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
