"""Labels that name no cell type: unknown cells, mixtures of types, doublets, debris, bare cluster numbers."""

import re

_NO_TYPE = re.compile(
    r"\b(?:un(?:known|assigned|classified|identified|defined|determined|annotated|resolved|labell?ed|clear|certain|specified)"
    r"|ambiguous|undetermined|indeterminate|doublets?|multiplets?|triplets?|singlets?|debris|artefacts?|artifacts?|ambient"
    r"|low[\s_-]*q(?:uality)?|lowq|poor[\s_-]*quality|bad[\s_-]*(?:quality|cells?)|junk|trash|garbage|contaminat\w*|contam"
    r"|empty|n/?a|nan|none|null|not[\s_-]*(?:assigned|available|annotated|applicable|determined)"
    r"|tbd|to be (?:determined|defined)"
    r"|exclude[ds]?|removed?|filtered|outliers?|blank|background|misc(?:ellaneous)?"
    r"|and some|mixed|mixture|mutant|rare)\b"
    r"|^(?:other|others|rest|remaining)\b|\b(?:others?|hybrids?(?:[\s_-]*cells?)?)$|^non[\s_-]*(?:neuron|neural|immune|epithelial|malignan|tumou?r|cancer|neoplas|t\b|b\b)\w*(?:[\s_-]*cells?)?$",
    re.IGNORECASE,
)
_NAMELESS = re.compile(
    r"^\s*(?:cells?|all|total|tissue|cell[\s_:-]*types?|(?:cell|cluster|cl|group|seurat|leiden|louvain|subcluster)?s?[\s_:.-]*\d+(?:[._]\d+)*"
    r"|cells?[\s:_-]*(?:proliferating|cycling|dividing)|(?:proliferating|cycling|dividing)[\s_-]*(?:cells?)?|giant[\s_-]*cells?)\s*$",
    re.IGNORECASE,
)


def is_junk(label: str) -> bool:
    """Return whether a label names no cell type.

    Examples
    --------
    >>> is_junk("T/B doublets"), is_junk("T cell")
    (True, False)
    """
    text = label.replace("_", " ")
    return not text.strip() or bool(_NO_TYPE.search(text) or _NAMELESS.match(text))
