"""Probes that measure several genes of a family, named FCGR3A/B, KRT6A/B/C or CCL4/L1/L2."""

import re
from functools import cache

from spatialcore.core.genes.tables import current_symbols, former_symbols, known_names, symbols_by_prefix

_STRONG = re.compile(r"[/|;,+&:]+")  # not used in symbols
_WEAK = re.compile(r"[._-]")  # R and Seurat replace the others by these
_MIN_STEM_LENGTH = 2


@cache
def merged_genes(name: str) -> tuple[str, ...]:
    """Return the genes that a merged probe measures; empty for other names.

    Each part after the first is a symbol or a suffix, which replaces a suffix of the same kind of the first part
    (A/B, 1/2) or is appended to it (PF4/V1). All results must be gene symbols.

    Examples
    --------
    >>> merged_genes("TPSAB1/B2"), merged_genes("CCL4/L1/L2"), merged_genes("CD3E")
    (('TPSAB1', 'TPSB2'), ('CCL4', 'CCL4L1', 'CCL4L2'), ())
    """
    if name in known_names():
        return ()
    if name.startswith("HLA-") and name[4:].isalpha():
        return tuple(symbol for symbol in symbols_by_prefix(name) if symbol[len(name) :].isdigit())
    for separators, strict in ((_STRONG, False), (_WEAK, True)):
        parts = [part.strip() for part in separators.split(name)]
        if len(parts) > 1 and all(parts):
            return _expand(parts, strict=strict)
    return ()


def _expand(parts: list[str], *, strict: bool) -> tuple[str, ...]:
    first = parts[0]
    if first not in current_symbols() and (strict or not _is_symbol(first)):
        return ()
    completed = [_completed(first, part, strict=strict) for part in parts[1:]]
    if not any(completed) or (strict and not all(completed[i] or _is_mixed(part) for i, part in enumerate(parts[1:]))):
        return ()
    # a part without a current symbol (CCL4L1 is not in every annotation) gets its most likely name
    genes = [
        first,
        *(each or _likely_stem(first, part) + part for each, part in zip(completed, parts[1:], strict=True)),
    ]
    return tuple(genes) if len(set(genes)) == len(genes) else ()


def _completed(first: str, part: str, *, strict: bool) -> str:
    """Return the symbol of a part of a merged name; '' if there is none."""
    if len(part) > _MIN_STEM_LENGTH and _is_symbol(part) and part[:_MIN_STEM_LENGTH] == first[:_MIN_STEM_LENGTH]:
        return part
    likely = _likely_stem(first, part)
    if strict and not _is_mixed(part):
        return likely + part if likely + part in current_symbols() and _is_alike(first, part) else ""
    stems = [likely, *(first[:end] for end in range(len(first) - 1, _MIN_STEM_LENGTH, -1))]
    candidates = [stem + part for stem in stems]
    in_use = (each for each in candidates if each in current_symbols())
    former = (each for each in candidates if not strict and _is_symbol(each))
    return next(in_use, next(former, ""))


def _likely_stem(first: str, part: str) -> str:
    """Return the first symbol without its suffix if that is of the same kind as the part, else the whole symbol."""
    if not _is_alike(first, part):
        return first
    return first[: -len(_tail(first)) if part.isdigit() else -len(part)]


def _is_alike(first: str, part: str) -> bool:
    tail = _tail(first)
    return (part.isdigit() and tail.isdigit()) or (part.isalpha() and tail.isalpha())


def _is_mixed(part: str) -> bool:
    return part[:1].isalpha() and part[-1:].isdigit()


def _tail(symbol: str) -> str:
    """Return the final digits or the final letter of a symbol."""
    digits = re.search(r"\d+$", symbol)
    return digits.group() if digits else symbol[-1:]


def _is_symbol(name: str) -> bool:
    return name in current_symbols() or len(former_symbols().get(name, ())) == 1
