"""Statistics per cluster of a taxonomy (``precomputed_stats.h5`` of the Allen Institute), read as profiles.

The file has, per cluster and gene, sums over cells of log2(CPM + 1) and of its square, and where it is complete the
number of cells that express the gene. A mean of logarithms is not the logarithm of a mean, so the arithmetic mean of
CPM is rebuilt. Measured on data with both (Baron's pancreas, a motor cortex, a hypothalamus; share of expression
that ends up with the wrong genes, mean over types):

===================================================== =====
from                                                  wrong
===================================================== =====
sums, squares and expressing cells                    1.5 %
sums and squares                                      3.2 %
sums alone (2^mean - 1)                               43 %
===================================================== =====
"""

import json
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd

from spatialcore.annotation.references.features import Features
from spatialcore.annotation.references.profiles import DISPERSION, Profiles, shares_of
from spatialcore.core.genes.symbols import ids_of, symbols_of
from spatialcore.core.logging import get_logger
from spatialcore.core.on_disk.containers import READ_ERRORS, open_hdf5
from spatialcore.core.types import Floats
from spatialcore.errors import InputError, LabelColumnError

log = get_logger(__name__)

REQUIRED: Final = ("cluster_to_row", "col_names", "n_cells", "sum", "taxonomy_tree")
_ROWS: Final = 256
_LN2: Final = float(np.log(2))


def is_taxonomy_stats(path: Path) -> bool:
    """Return whether a file has the statistics of a taxonomy; False if it cannot be opened."""
    if not path.is_file() or not h5py.is_hdf5(path):
        return False
    try:
        with open_hdf5(path) as file:
            return all(name in file for name in REQUIRED)
    except READ_ERRORS:
        return False


def level_names(path: Path) -> list[str]:
    """Return the names of the taxonomy's levels, coarse to fine."""
    with open_hdf5(path) as file:
        return list(_levels_of(file, path))


def read_taxonomy_stats(path: Path, level: str) -> Profiles:
    """Read every cluster as a profile, labelled by its name at a level of the taxonomy.

    Parameters
    ----------
    path
        A ``precomputed_stats.h5``.
    level
        A level's name or identifier, such as "subclass".

    Raises
    ------
    LabelColumnError
        The taxonomy has no such level; the error lists those it has.
    InputError
        The file is damaged.
    """
    with open_hdf5(path) as file:
        rows, tree = _json(file, "cluster_to_row"), _json(file, "taxonomy_tree")
        levels = _levels_of(file, path)
        name = dict(tree.get("hierarchy_mapper") or {}).get(level, level)
        if name not in levels:
            hint = "name a level of the taxonomy as label column"
            raise LabelColumnError.absent(level, levels, where=path.name, listed="Levels", hint=hint)
        genes = [str(gene) for gene in _json(file, "col_names")]
        n_cells = np.asarray(file["n_cells"][:], dtype=np.int64)
        if file["sum"].shape != (len(n_cells), len(genes)) or len(rows) != len(n_cells):
            raise InputError(f"{path} is damaged: sums and clusters do not agree", hint="fetch the file again")
        used = np.flatnonzero(n_cells > 0)
        means, method = _means(file, used, n_cells[used], path)
    labels = {key: [names[row] for row in used] for key, names in levels.items()}
    features = Features(symbols_of(genes), ids_of(genes))
    origin = {"format": "precomputed_stats", "level": name, "mean": method, "dispersion": DISPERSION}
    return Profiles(labels[name], features, means, np.full(len(used), DISPERSION), n_cells[used], origin, labels)


def arithmetic_mean(mean: Floats, square: Floats | None, expressing: Floats | None) -> Floats:
    """Rebuild the mean of CPM from statistics of y = log2(CPM + 1) over all cells of a cluster.

    Cells are either without the gene (y = 0) or around a level. With the share of expressing cells, the level's mean
    and variance follow, and CPM + 1 is taken as log-normal among them. Without it, all expressing cells are put at one
    level, which mean and square determine.

    Parameters
    ----------
    mean, square
        Means of y and of y^2; ``square`` None if it is unknown.
    expressing
        Share of cells with y > 0, None if it is unknown.
    """
    if square is None:
        return np.asarray(np.exp2(mean) - 1)
    if expressing is None:
        share = np.divide(mean**2, square, out=np.zeros_like(mean), where=square > 0)
        level = np.divide(square, mean, out=np.zeros_like(mean), where=mean > 0)
        return np.asarray(share * (np.exp2(level) - 1))
    level = np.divide(mean, expressing, out=np.zeros_like(mean), where=expressing > 0)
    second = np.divide(square, expressing, out=np.zeros_like(mean), where=expressing > 0)
    variance = np.maximum(second - level**2, 0)
    return np.asarray(expressing * (np.exp2(level) * np.exp(variance * _LN2**2 / 2) - 1))


def _means(
    file: h5py.File, used: npt.NDArray[np.int64], n_cells: npt.NDArray[np.int64], path: Path
) -> tuple[npt.NDArray[np.float32], str]:
    """Return shares of all genes per cluster, and how the means were rebuilt."""
    counted = next((name for name in ("gt0", "ge1") if name in file and "sumsq" in file), None)
    method = f"sum, sumsq, {counted}" if counted else "sum, sumsq" if "sumsq" in file else "sum"
    if method == "sum":
        log.warning(
            "%s has no sums of squares: means of logarithms are used, which reduces the differences between types",
            path.name,
        )
    shares = np.empty((len(used), file["sum"].shape[1]), dtype=np.float32)
    for start in range(0, len(used), _ROWS):
        rows, n = used[start : start + _ROWS], n_cells[start : start + _ROWS, None].astype(np.float64)
        square = np.asarray(file["sumsq"][rows], np.float64) / n if "sumsq" in file else None
        expressing = np.asarray(file[counted][rows], np.float64) / n if counted else None
        means = arithmetic_mean(np.asarray(file["sum"][rows], np.float64) / n, square, expressing)
        shares[start : start + _ROWS] = shares_of(means, path.name)
    return shares, method


def _levels_of(file: h5py.File, path: Path) -> dict[str, list[str]]:
    try:
        return _levels(_json(file, "taxonomy_tree"), _json(file, "cluster_to_row"))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            f"{path.name} is damaged: its taxonomy and its clusters do not agree ({error} is missing)",
            hint="fetch the file again",
        ) from error


def _levels(tree: dict[str, Any], rows: dict[str, int]) -> dict[str, list[str]]:
    """Return, per level from coarse to fine, the name of every cluster's node there, in the order of the rows."""
    hierarchy = [str(level) for level in tree["hierarchy"]]
    display_names = dict(tree.get("hierarchy_mapper") or {})
    clusters = pd.Series(rows).sort_values().index.astype(str)
    nodes = {hierarchy[-1]: clusters.to_list()}
    for coarse, fine in zip(hierarchy[-2::-1], hierarchy[:0:-1], strict=True):
        parent = {str(child): str(node) for node, children in tree[coarse].items() for child in children}
        nodes[coarse] = [parent[node] for node in nodes[fine]]
    return {display_names.get(level, level): _names(tree, level, nodes[level]) for level in hierarchy}


def _names(tree: dict[str, Any], level: str, nodes: list[str]) -> list[str]:
    mapper = (tree.get("name_mapper") or {}).get(level, {})
    return [str(mapper.get(node, {}).get("name", node)) for node in nodes]


def _json(file: h5py.File, name: str) -> Any:
    try:
        return json.loads(file[name][()])
    except (ValueError, TypeError) as error:
        raise InputError(f"{file.filename}: {name} cannot be read ({error})", hint="fetch the file again") from error
