"""Colours of cell types: hues by lineage, and the same colour for the same term in every sample and model.

The colours of the common terms are in ``data/colors/cell_types.csv`` (made by ``tools/build_cell_colors.py``); that of
any other term or label follows from its id or name. Only where two types of one data set would look alike is one of
them moved, to the colour of its lineage that differs most from the others.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt

from spatialcore.annotation.ontology.lineage import Lineage, lineage_of, term_named
from spatialcore.core.colors.difference import differences, srgb_to_lab
from spatialcore.core.colors.palette import RESERVED, palette
from spatialcore.core.types import Floats

TABLE: Final = "colors/cell_types.csv"
# Hues (degrees in CIE Lab) of the lineages. Those not listed have all hues, but little chroma.
HUES: Final[dict[Lineage, tuple[float, float]]] = {
    "immune": (190.0, 295.0),
    "endothelial": (352.0, 402.0),
    "epithelial": (44.0, 104.0),
    "stromal": (106.0, 188.0),
    "neural": (297.0, 350.0),
}
_ALL_HUES: Final = (0.0, 360.0)
_CHROMA: Final = (34.0, 86.0)
_CHROMA_IMMUNE: Final = (26.0, 86.0)
_CHROMA_GREYISH: Final = (9.0, 20.0)
_LIGHTNESS: Final = (30.0, 87.0)
_LIGHTNESS_GREYISH: Final = (28.0, 74.0)
_STEP: Final = 12
# Types whose colours differ by less (CIEDE2000) look alike. Up to SAFE_TYPES types, red-green colour blindness counts.
SAFE_TYPES: Final = 12
SAFE_DIFFERENCE: Final = 9.0


def cell_type_colors(
    classes: Iterable[str], ontology_ids: Mapping[str, str] | None = None, *, keep: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return one colour per cell type.

    Immune cells are blue, epithelial cells yellow to brown, stromal cells green, endothelial cells red, neural cells
    purple; pigment, germ, malignant, stem and other cells greyish. A term has the same colour in every data set,
    unless two types of one data set would look alike. Up to 12 types can be told apart with red-green colour
    blindness. Labels of which none is a Cell Ontology term get the colours of
    :func:`spatialcore.core.colors.palette.palette`.

    Parameters
    ----------
    classes
        Names of the types. Repeated names are one type.
    ontology_ids
        Cell Ontology ids by name. Default: the terms with these names.
    keep
        Colours to keep, by name, such as those of the model.

    Returns
    -------
    dict
        Name -> ``#rrggbb``, in the order of ``classes``. ``Unassigned`` and ``Low_count`` are always grey.

    Examples
    --------
    >>> both = cell_type_colors(["B cell", "fibroblast"])
    >>> cell_type_colors(["T cell", "fibroblast"])["fibroblast"] == both["fibroblast"]
    True
    """
    names = list(dict.fromkeys(str(name) for name in classes))
    ids = {name: (ontology_ids or {}).get(name) or term_named(name) for name in names}
    if not any(ids.values()):
        return palette(names, keep=keep)
    fixed = {name: color.lower() for name, color in (keep or {}).items()} | RESERVED
    chosen = {name: fixed[name] for name in names if name in fixed}
    n_types = sum(name not in RESERVED for name in names)
    for name in sorted((name for name in names if name not in chosen), key=lambda name: _priority(ids[name], name)):
        used_colors = [*RESERVED.values(), *chosen.values()]
        chosen[name] = _clear_color(ids[name] or name, used_colors, is_safe=n_types <= SAFE_TYPES)
    return {name: chosen[name] for name in names}


def lineages(classes: Iterable[str], ontology_ids: Mapping[str, str] | None = None) -> dict[str, Lineage]:
    """Return the lineage of each cell type; "other" without a Cell Ontology term.

    Examples
    --------
    >>> lineages(["B cell", "cluster 7"])
    {'B cell': 'immune', 'cluster 7': 'other'}
    """
    return {name: lineage_of((ontology_ids or {}).get(name) or term_named(name)) for name in classes}


def _priority(term: str, name: str) -> tuple[int, str]:
    """Return the rank of a term: common terms first, in the order of the table."""
    rank, _ = _table().get(term, (len(_table()), ""))
    return rank, term or name


@cache
def _table() -> dict[str, tuple[int, str]]:
    """Return rank and colour of the common terms."""
    text = files("spatialcore.data").joinpath(TABLE).read_text(encoding="utf-8")
    return {row["id"]: (rank, row["color"]) for rank, row in enumerate(csv.DictReader(text.splitlines()))}


def _clear_color(key: str, used_colors: list[str], *, is_safe: bool) -> str:
    """Return the colour of a term or label, or the one of its lineage that differs most from the colours in use."""
    preferred = _table()[key][1] if key in _table() else _default_color(key)
    if differences(rgb([preferred]), rgb(used_colors), color_blind=is_safe).min() >= SAFE_DIFFERENCE:
        return preferred
    lineage = lineage_of(key)
    distances = _least_difference(lineage, used_colors, color_blind=is_safe)
    clear = np.flatnonzero(distances >= min(SAFE_DIFFERENCE, distances.max()))
    best = clear[_least_difference(lineage, used_colors, color_blind=False)[clear].argmax()]
    return to_hex(candidate_colors(lineage)[best])


def _least_difference(lineage: Lineage, used_colors: list[str], *, color_blind: bool) -> Floats:
    """Return the difference of each colour of a lineage to the most similar of the colours in use."""
    smallest: Floats = np.min([_differences_to(color, lineage, color_blind) for color in used_colors], axis=0)
    return smallest


@lru_cache(maxsize=1000)  # of about 1,000 colours: 8 MB
def _differences_to(color: str, lineage: Lineage, color_blind: bool) -> Floats:
    """Return the difference of each colour of a lineage to another one."""
    return differences(candidate_colors(lineage), rgb([color]), color_blind=color_blind)[:, 0]


def _default_color(key: str) -> str:
    candidates = candidate_colors(lineage_of(key))
    return to_hex(candidates[int(hashlib.sha256(key.encode()).hexdigest(), 16) % len(candidates)])


@cache
def candidate_colors(lineage: Lineage) -> Floats:
    """Return the colours that types of a lineage may have: sRGB x 3, each channel in [0, 1]."""
    axis = np.arange(0, 256, _STEP)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3) / 255
    lightness, a, b = srgb_to_lab(grid).T
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
    low, high = HUES.get(lineage, _ALL_HUES)
    has_hue = ((hue - low) % 360) <= high - low
    is_greyish = lineage not in HUES
    chromas = _CHROMA_GREYISH if is_greyish else _CHROMA_IMMUNE if lineage == "immune" else _CHROMA
    lightnesses = _LIGHTNESS_GREYISH if is_greyish else _LIGHTNESS
    candidates: Floats = grid[has_hue & _is_within(chroma, chromas) & _is_within(lightness, lightnesses)]
    return candidates


def _is_within(values: Floats, limits: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return np.asarray((values >= limits[0]) & (values <= limits[1]))


def rgb(colors: Iterable[str]) -> Floats:
    """Return ``#rrggbb`` colours as sRGB x 3, each channel in [0, 1]."""
    return np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])


def to_hex(color: Floats) -> str:
    """Return an sRGB colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*(round(255 * float(value)) for value in color))
