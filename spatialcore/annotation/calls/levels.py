"""The classes of a model as a tree of Cell Ontology terms, and the confidence in the terms above a cell's class.

A tree over the model's classes is made from the Cell Ontology, a directed graph: its inner nodes are terms above two
or more of the classes. Of two terms that overlap without one holding the other, the more specific one stays.

A node's confidence is the sum over the probabilities of its classes
(:mod:`~spatialcore.annotation.calls.class_probabilities`), so it never falls on the way up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np

from spatialcore.annotation.ontology.hierarchy import is_term, name_of
from spatialcore.annotation.ontology.relations import ancestors, depth
from spatialcore.core.types import Codes, Floats, JsonObject

MIN_DEPTH: Final = 3
N_LEVELS: Final = 3
MIDDLE_SHARE: Final = 0.4
# Compartments of a tissue, which are near the root of the ontology.
COMPARTMENTS: Final = frozenset(
    {
        "CL:0000066",  # epithelial cell
        "CL:0000115",  # endothelial cell
        "CL:0000988",  # hematopoietic cell
        "CL:0002319",  # neural cell
        "CL:0002320",  # connective tissue cell
    }
)
# Terms that group cells by what they do or look like, across lineages.
FUNCTIONAL_TERMS: Final = frozenset(
    {
        "CL:0000000",  # cell
        "CL:0000034",  # stem cell
        "CL:0000145",  # professional antigen presenting cell
        "CL:0000151",  # secretory cell
        "CL:0000183",  # contractile cell
        "CL:0000211",  # electrically active cell
        "CL:0000219",  # motile cell
        "CL:0000226",  # single nucleate cell
        "CL:0000234",  # phagocyte
        "CL:0000255",  # eukaryotic cell
        "CL:0000325",  # stuff accumulating cell
        "CL:0000393",  # electrically responsive cell
        "CL:0000404",  # electrically signaling cell
        "CL:0000412",  # polyploid cell
        "CL:0000518",  # phagocyte (sensu Vertebrata)
        "CL:0002242",  # nucleate cell
        "CL:0011026",  # progenitor cell
        "CL:0011115",  # precursor cell
    }
)
BLOCK_CELLS: Final = 100_000


def group_classes(ids: tuple[str, ...]) -> dict[str, frozenset[int]]:
    """Return the inner nodes of the tree: Cell Ontology id -> positions of the classes that are it or descend from it.

    Parameters
    ----------
    ids
        Cell Ontology id of each class; empty text where it has none.

    Examples
    --------
    >>> group_classes(("CL:0000624", "CL:0000625", "CL:0000236"))
    {'CL:0000791': frozenset({0, 1})}
    """
    below: dict[str, set[int]] = {}
    for position, term in enumerate(ids):
        for node in (term, *ancestors(term)) if is_term(term) else ():
            below.setdefault(node, set()).add(position)
    nodes: dict[str, frozenset[int]] = {}
    for node in sorted(below, key=lambda term: (-depth(term), term)):
        group = frozenset(below[node])
        if not 1 < len(group) < len(ids) or node in FUNCTIONAL_TERMS:
            continue
        if depth(node) < MIN_DEPTH and node not in COMPARTMENTS:
            continue
        for other in nodes.values():
            if not (group <= other or group >= other):
                group -= other
        if len(group) > 1 and group not in nodes.values():
            nodes[node] = group
    return nodes


@dataclass(frozen=True)
class ClassTree:
    """The tree over a model's classes. Terms are numbered: the classes first, then the inner nodes.

    Parameters
    ----------
    names, ids
        Of the terms.
    n_classes
        How many of them are classes.
    paths
        Classes x path: the class, the inner nodes above it from the finest to the coarsest, then -1.
    levels
        Classes x 3: where on its path a class has its level 1 (the coarsest node), level 2 (the coarsest node of no
        more than two fifths of the classes), and level 3 (the class itself).
    """

    names: tuple[str, ...]
    ids: tuple[str, ...]
    n_classes: int
    paths: Codes
    levels: Codes

    @classmethod
    def build(cls, classes: tuple[str, ...], class_ids: dict[str, str]) -> Self:
        """Cut the tree for the classes of a model; `class_ids` are their Cell Ontology ids."""
        ids = tuple(class_ids.get(name, "") for name in classes)
        groups = group_classes(ids)
        nodes = sorted(groups, key=lambda node: (len(groups[node]), node))
        rising = [[j for j, node in enumerate(nodes) if k in groups[node]] for k in range(len(ids))]
        paths = np.full((len(ids), 1 + max(map(len, rising), default=0)), -1, dtype=np.intp)
        levels = np.zeros((len(ids), N_LEVELS), dtype=np.intp)
        for k, above in enumerate(rising):
            paths[k, : 1 + len(above)] = [k, *(len(ids) + j for j in above)]
            small = sum(len(groups[nodes[j]]) <= max(2, MIDDLE_SHARE * len(ids)) for j in above)
            levels[k] = len(above), small, 0
        names = (*classes, *(name_of(node) for node in nodes))
        return cls(names, (*ids, *nodes), len(ids), paths, levels)

    @cached_property
    def members(self) -> Floats:
        """Terms x classes: 1 where the class is the term or belongs to the node."""
        table = np.zeros((len(self.names), self.n_classes))
        for k, path in enumerate(self.paths):
            table[path[path >= 0], k] = 1.0
        return table

    def path_confidence(self, probabilities: Floats, best: Codes) -> Floats:
        """Return the confidence in each term on the path of each cell's best class, cells x path; NaN beyond its end.

        Parameters
        ----------
        probabilities
            Cells x classes, see :func:`~spatialcore.annotation.calls.class_probabilities.class_probabilities`.
        best
            The best class of each cell.
        """
        rows, paths = np.arange(len(best)), self.paths[best]
        nodes = probabilities @ self.members[self.n_classes :].T
        result: Floats = np.full(paths.shape, np.nan)
        result[:, 0] = probabilities[rows, best]
        for step in range(1, paths.shape[1]):
            inside = np.flatnonzero(paths[:, step] >= 0)
            sums = np.minimum(nodes[inside, paths[inside, step] - self.n_classes], 1.0)
            result[inside, step] = np.maximum(sums, result[inside, step - 1])  # sums may differ in their last digit
        return result

    def to_dict(self) -> JsonObject:
        """Return plain values for JSON."""
        return {
            "names": list(self.names),
            "ids": list(self.ids),
            "n_classes": self.n_classes,
            "paths": self.paths.tolist(),
            "levels": self.levels.tolist(),
        }

    @classmethod
    def from_dict(cls, content: JsonObject) -> Self:
        """Read what :meth:`to_dict` returned."""
        paths, levels = (np.array(content[key], dtype=np.intp) for key in ("paths", "levels"))
        return cls(tuple(content["names"]), tuple(content["ids"]), int(content["n_classes"]), paths, levels)


def lower_path(path: Floats, before: Floats, after: Floats) -> None:
    """Change the confidences on the paths, in place, after that in the class has changed.

    A term above the class keeps its share of what the class does not have.

    Parameters
    ----------
    path
        Cells x path, as :meth:`ClassTree.path_confidence` returns it; it may have no columns.
    before, after
        The confidence in each cell's class.
    """
    for rows in cell_blocks(len(path) if path.shape[1] else 0):
        old, new = before[rows, None], after[rows, None]
        share = np.clip((path[rows] - old) / np.maximum(1.0 - old, 1e-12), 0.0, 1.0)
        path[rows] = new + (1.0 - new) * share  # NaN stays NaN
        path[rows, 0] = after[rows]


def finest_term(tree: ClassTree, best: Codes, path: Floats, threshold: float) -> Codes:
    """Return the position on each cell's path of the finest term that reaches the threshold; -1 where none does.

    Parameters
    ----------
    tree
        The terms above the classes.
    best
        Class of each cell, -1 for a cell without one.
    path
        Confidence of each term on the path, as :meth:`ClassTree.path_confidence` returns it.
    threshold
        The confidence that a call needs.
    """
    position = np.full(len(best), -1, dtype=np.int32)
    for rows in cell_blocks(len(best)):
        classes = best[rows]
        reached = (tree.paths[classes] >= 0) & (np.asarray(path[rows], dtype=np.float64) >= threshold)
        position[rows] = np.where((classes >= 0) & reached.any(axis=1), reached.argmax(axis=1), -1)
    return position


def cell_blocks(n_cells: int) -> Iterator[slice]:
    """Yield blocks of cells: a table of the terms of all cells would be larger than all else."""
    return (slice(first, first + BLOCK_CELLS) for first in range(0, n_cells, BLOCK_CELLS))
