"""Sets of types that hold a cell's true type with a stated probability, and the term that all of a set have in common.

A cell's set holds every class whose probability reaches one bound for all cells. The bound is the largest at which the
probabilities inside the sets sum to the coverage times the number of cells: of all sets with that expected coverage,
these are the smallest on average (Sadinle, Lei and Wasserman 2019, "Least ambiguous set-valued classifiers with
bounded error levels"). It is read off the query itself, so reference and query need not be exchangeable; what is
assumed is that the probabilities are calibrated. They are the confidence of the best class and, for the others, their
share of what is left: the softmax to the power of .8 at the temperature of the calibration, times the frequency of the
class among the calls of the query, since all classes have about the same frequency in training. The odds of the best
class change with a quarter of its frequency (the logarithm), because the calibration already contains part of it. The
levels take squares of the softmax, which give the true class less than its due where the best class is wrong
(docs/benchmarks/levels.md).

The coverage is that of the query as a whole, as with split conformal sets: sure cells are covered more often than
unsure ones, and a set of one type may be right less often than the coverage says.
"""

import json
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.calls.class_probabilities import class_probabilities
from spatialcore.annotation.calls.level_columns import class_codes, class_tree
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.ontology.hierarchy import is_term, name_of
from spatialcore.annotation.ontology.relations import lowest_common_ancestor
from spatialcore.core.categories import named
from spatialcore.core.types import Codes, Floats
from spatialcore.core.validation import require_within, takes_adata
from spatialcore.errors import InputError

SEPARATOR: Final = " | "
SHARE_POWER: Final = 0.8  # of the softmax of the other classes: if the best class is wrong, the model is overconfident
MIN_FREQUENCY: Final = 0.02  # added to the frequency of every class
BEST_POWER: Final = 0.25  # of the frequency in the odds of the best class
Sets = npt.NDArray[np.bool_]


@takes_adata
def add_prediction_sets(adata: AnnData, coverage: float = 0.9, *, empty: bool = False) -> AnnData:
    """Write for each cell a set of types that contains its true type with a given probability, in place.

    Parameters
    ----------
    adata
        Cells annotated with calibrated confidence, with ``cell_type_decision_scores``.
    coverage
        Share of cells whose set contains their true type, among cells of types that the model has.
    empty
        Allow empty sets, for cells with a lower confidence than all others at this coverage. Otherwise each set
        contains at least the best class, and the actual coverage is higher if more classes than `coverage` are right.

    Returns
    -------
    AnnData
        The same object with ``obs["cell_type_set"]``, names by falling probability joined by ``" | "``, and
        ``obs["cell_type_set_ancestor"]``, the name of their lowest common Cell Ontology ancestor: the type itself in a
        set of one, empty text where a type of the set has no Cell Ontology id. Cells without counts have neither.

    Raises
    ------
    InputError
        The coverage is not between 0 and 1, or the annotation has no scores or no calibrated confidence.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.annotation import annotate_celltypist, train_celltypist_model
    >>> from spatialcore.demo import simulated_data
    >>> query, reference = simulated_data()
    >>> model = f"{tempfile.mkdtemp()}/blood.pkl"
    >>> _ = train_celltypist_model(reference, "cell_type", output_path=model, trainer="logistic", query=query)
    >>> query = annotate_celltypist(query, custom_model_path=model, confidence_transform="calibrated")
    >>> query = add_prediction_sets(query, 0.9)
    >>> query.obs[["cell_type_set", "cell_type_set_ancestor"]].iloc[::50]
            cell_type_set cell_type_set_ancestor
    cell0          B cell                 B cell
    cell50         T cell                 T cell
    cell100    fibroblast             fibroblast
    cell150     mast cell              mast cell
    """
    require_within("coverage", coverage, 0, 1, hint="0.9 is usual")
    probabilities, called, tree = cell_probabilities(adata)
    sets = smallest_sets(probabilities, coverage)
    if not empty:
        sets[np.arange(len(sets)), np.maximum(class_codes(adata, tree), 0)] = True
    sets[~called] = False
    kinds, codes = _distinct(sets, probabilities)
    adata.obs[columns.TERM_SET] = named(codes, [SEPARATOR.join(tree.names[k] for k in kind) for kind in kinds], "")
    adata.obs[columns.TERM_SET_ANCESTOR] = named(codes, [common_name(tree, kind) for kind in kinds], "")
    return adata


def smallest_sets(probabilities: Floats, coverage: float) -> Sets:
    """Return the sets of smallest mean size whose expected coverage is `coverage`, cells x classes.

    Parameters
    ----------
    probabilities
        Cells x classes; rows that sum to less than one leave room for no class at all.
    coverage
        Of the cells that are of any class.

    Examples
    --------
    >>> smallest_sets(np.array([[0.9, 0.1], [0.6, 0.4]]), 0.75).tolist()
    [[True, False], [True, False]]
    """
    falling = np.sort(probabilities, axis=None)[::-1]
    covered = np.cumsum(falling)
    if not len(covered) or covered[-1] <= 0:
        return np.zeros(probabilities.shape, dtype=bool)
    last = min(int(np.searchsorted(covered, coverage * covered[-1] - 1e-9)), len(falling) - 1)
    sets: Sets = probabilities >= max(float(falling[last]), np.finfo(float).tiny)
    return sets


def common_name(tree: ClassTree, classes: tuple[int, ...]) -> str:
    """Return the name of the lowest common ancestor of some classes; empty text where one of them has no term."""
    if len(classes) == 1:
        return tree.names[classes[0]]
    terms = [tree.ids[k] for k in classes]
    if not classes or not all(is_term(term) for term in terms):
        return ""
    return name_of(lowest_common_ancestor(terms))


def cell_probabilities(adata: AnnData) -> tuple[Floats, Sets, ClassTree]:
    """Return the probability of every class for annotated cells, which cells have counts, and the tree of classes.

    Raises
    ------
    InputError
        The annotation has no scores or no calibrated confidence.
    """
    tree = class_tree(adata)
    if tree is None or columns.DECISION_SCORES not in adata.obsm:
        raise InputError(
            "these cells have no calibrated confidence or no decision scores",
            hint="annotate with confidence_transform='calibrated' and store_decision_scores=True",
        )
    scores = np.asarray(adata.obsm[columns.DECISION_SCORES], dtype=np.float64)
    card = json.loads(adata.uns[columns.MANIFEST]["model_card_json"])
    best = class_codes(adata, tree)
    confidence = np.asarray(adata.obsm[columns.PATH_CONFIDENCE])[:, 0]
    temperature = float((card.get("calibration") or {}).get("temperature", 1.0))
    probabilities = class_probabilities(scores, np.maximum(best, 0), confidence, temperature=temperature / SHARE_POWER)
    weigh_by_frequency(probabilities, np.maximum(best, 0), _frequency(best, confidence, scores.shape[1]))
    probabilities[best < 0] = 0.0
    return probabilities, best >= 0, tree


def weigh_by_frequency(probabilities: Floats, best: Codes, frequency: Floats) -> None:
    """Change the probabilities, in place, for classes that are not equally frequent.

    Parameters
    ----------
    probabilities
        Cells x classes; rows with a sum of one.
    best
        The best class of each cell.
    frequency
        Of each class.

    Examples
    --------
    >>> table = np.array([[0.5, 0.25, 0.25]])
    >>> weigh_by_frequency(table, np.array([0]), np.array([0.6, 0.3, 0.1]))
    >>> table.round(2).tolist()
    [[0.57, 0.32, 0.11]]
    """
    rows = np.arange(len(best))
    confidence = probabilities[rows, best].copy()
    probabilities *= frequency
    probabilities[rows, best] = 0.0
    others = np.maximum(probabilities.sum(axis=1), np.finfo(float).tiny)
    rest = 1.0 - confidence
    weighed = confidence * (frequency[best] * rest / others) ** BEST_POWER
    np.divide(weighed, weighed + rest, out=confidence, where=rest > 0)
    probabilities *= ((1.0 - confidence) / others)[:, None]
    probabilities[rows, best] = confidence


def _frequency(best: Codes, confidence: Floats, n_classes: int) -> Floats:
    """Return the frequency of each class among the calls, weighted by their confidence, and a little more."""
    called = best >= 0
    sums = np.bincount(best[called], weights=confidence[called], minlength=n_classes)
    frequency: Floats = sums / max(float(sums.sum()), np.finfo(float).tiny) + MIN_FREQUENCY
    return frequency


def _distinct(sets: Sets, probabilities: Floats) -> tuple[list[tuple[int, ...]], npt.NDArray[np.intp]]:
    """Return the distinct sets, each by falling probability, and which of them each cell has, -1 for none."""
    order = np.argsort(-np.where(sets, probabilities, -1.0), axis=1, kind="stable")
    sizes = sets.sum(axis=1)
    listed = [tuple(row[:size].tolist()) for row, size in zip(order, sizes, strict=True)]
    codes, kinds = pd.factorize(pd.Series(listed, dtype=object))
    distinct = [tuple(kind) for kind in kinds]
    codes = np.where(sizes == 0, -1, codes)
    return distinct, codes
