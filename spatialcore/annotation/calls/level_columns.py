"""The calls of one annotation at every level of the Cell Ontology, as columns of obs.

``obsm["cell_type_path_confidence"]`` holds the confidence in the best class and in each term above it, and the run
manifest the tree (``class_tree_json``). What depends on a threshold is made from these two, so that another threshold
needs no new annotation:

- ``obs["cell_type_level_1"]`` to ``_3``: compartment, lineage, class, each "Unassigned" where its confidence is too low
- ``obs["cell_type_level_1_confidence"]`` to ``_3``
- ``obs["cell_type_path"]``: the terms whose confidence reaches the threshold, from the coarsest to the finest
"""

import json
from typing import Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation import run_manifest
from spatialcore.annotation.calls.levels import ClassTree, cell_blocks, finest_term
from spatialcore.annotation.choices import ResolutionMode
from spatialcore.annotation.ontology.hierarchy import label_of
from spatialcore.core.categories import named
from spatialcore.core.types import Codes, Floats
from spatialcore.core.validation import require_within, takes_adata
from spatialcore.errors import InputError

TREE_KEY: Final = "class_tree_json"
SEPARATOR: Final = " > "


def write_levels(adata: AnnData, tree: ClassTree, path: Floats, threshold: float) -> None:
    """Write the confidences on each cell's path, the tree, and the columns for a threshold, in place.

    Parameters
    ----------
    adata
        Cells with ``cell_type_predicted``.
    tree
        The tree over the model's classes.
    path
        Cells x path, as :meth:`ClassTree.path_confidence` returns it.
    threshold
        The confidence that a term needs.
    """
    adata.obsm[columns.PATH_CONFIDENCE] = path
    run_manifest.record(adata, **{TREE_KEY: json.dumps(tree.to_dict())})
    apply_threshold(adata, threshold)


def remove_levels(adata: AnnData) -> None:
    """Remove the levels of an earlier annotation, in place."""
    if adata.obsm.pop(columns.PATH_CONFIDENCE, None) is None:
        return
    adata.obs.drop(columns=[name for name in columns.LEVEL_COLUMNS if name in adata.obs], inplace=True)
    adata.uns[columns.MANIFEST] = {
        key: value for key, value in run_manifest.manifest_of(adata).items() if key != TREE_KEY
    }


def class_tree(adata: AnnData) -> ClassTree | None:
    """Return the tree over the classes of an annotation; None where the annotation has no levels."""
    text = run_manifest.manifest_of(adata).get(TREE_KEY)
    has_levels = columns.PATH_CONFIDENCE in adata.obsm and columns.PREDICTED in adata.obs
    return ClassTree.from_dict(json.loads(text)) if text is not None and has_levels else None


def class_codes(adata: AnnData, tree: ClassTree) -> Codes:
    """Return the position of each cell's best class, -1 for a cell without one."""
    predicted = pd.Categorical(adata.obs[columns.PREDICTED])
    positions = {name: k for k, name in enumerate(tree.names[: tree.n_classes])}
    table = [positions.get(str(name), -1) for name in predicted.categories]
    positions_of_cells: Codes = np.array([*table, -1], dtype=np.int32)[predicted.codes]
    return positions_of_cells


@takes_adata
def apply_threshold(adata: AnnData, threshold: float, resolution: ResolutionMode = "class") -> None:
    """Write the columns of all levels for a threshold, in place.

    Parameters
    ----------
    adata
        Annotated cells with levels.
    threshold
        The confidence that a term needs.
    resolution
        "auto" also makes ``cell_type`` the finest term whose confidence reaches the threshold, and
        ``cell_type_confidence``, ``cell_type_ontology_term_id`` and ``cell_type_ontology_label`` those of that term.

    Raises
    ------
    InputError
        The annotation has no levels.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.annotation import annotate_celltypist, train_celltypist_model
    >>> from spatialcore.demo import simulated_data
    >>> query, reference = simulated_data()
    >>> model = f"{tempfile.mkdtemp()}/blood.pkl"
    >>> _ = train_celltypist_model(reference, "cell_type", output_path=model, trainer="logistic", query=query)
    >>> query = annotate_celltypist(query, custom_model_path=model, confidence_transform="calibrated")
    >>> apply_threshold(query, 0.5, "auto")
    >>> sorted(name for name in query.obs if name.startswith("cell_type_level_") and name[-1].isdigit())
    ['cell_type_level_1', 'cell_type_level_2', 'cell_type_level_3']
    """
    require_within("threshold", threshold, 0, 1, hint="0.8 is the default")
    tree = class_tree(adata)
    if tree is None:
        raise InputError(
            "these cells have no confidence in the terms above their class",
            hint="annotate with confidence_transform='calibrated' and a model whose classes have Cell Ontology ids",
        )
    path, best = adata.obsm[columns.PATH_CONFIDENCE], class_codes(adata, tree)
    for level, (name, confidence_name) in enumerate(zip(columns.LEVELS, columns.LEVEL_CONFIDENCE, strict=True)):
        terms, adata.obs[confidence_name] = _at_level(tree, best, path, threshold, level)
        adata.obs[name] = named(terms, tree.names, columns.UNASSIGNED)
    position = finest_term(tree, best, path, threshold)
    codes = np.where(position >= 0, best * np.int32(tree.paths.shape[1]) + position, np.int32(-1))
    texts = [path_text(tree, line[start:]) for line in tree.paths for start in range(len(line))]
    adata.obs[columns.PATH] = named(codes, texts, "")
    if resolution == "auto":
        _write_finest(adata, tree, best, path, np.maximum(position, 0))


def _at_level(tree: ClassTree, best: Codes, path: Floats, threshold: float, level: int) -> tuple[Codes, Floats]:
    """Return each cell's term at a level, -1 where its confidence is too low, and the confidence, 0 without a class."""
    terms, confidence = np.empty(len(best), dtype=np.int32), np.empty(len(best))
    for rows in cell_blocks(len(best)):
        classes, called = best[rows], best[rows] >= 0
        position = tree.levels[classes, level]
        values = np.asarray(path[rows], dtype=np.float64)[np.arange(len(classes)), position]
        terms[rows] = np.where(called & (values >= threshold), tree.paths[classes, position], -1)
        confidence[rows] = np.where(called, values, 0.0)
    return terms, confidence


def path_text(tree: ClassTree, terms: Codes) -> str:
    """Return the names of terms, given from the class to the root, as one text from the root; each name once."""
    falling = [tree.names[term] for term in terms[::-1] if term >= 0]
    return SEPARATOR.join(dict.fromkeys(falling))


def _write_finest(adata: AnnData, tree: ClassTree, best: Codes, path: Floats, position: Codes) -> None:
    called = np.where(best < 0, -1, tree.paths[best, position])
    labels = [label_of(name, identifier) for name, identifier in zip(tree.names, tree.ids, strict=True)]
    adata.obs[columns.CELL_TYPE] = named(called, tree.names, columns.UNASSIGNED)
    adata.obs[columns.CONFIDENCE] = np.where(best < 0, 0.0, path[np.arange(len(best)), position])
    adata.obs[columns.ONTOLOGY_ID] = named(called, tree.ids, "")
    adata.obs[columns.ONTOLOGY_LABEL] = named(called, labels, "")
