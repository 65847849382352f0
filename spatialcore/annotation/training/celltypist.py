"""CellTypist's training recipe, seeded, also for small data."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from spatialcore.annotation.model.linear import CLIP, Standardized
from spatialcore.core.logging import get_logger, keep_root_logger
from spatialcore.core.types import Texts

log = get_logger(__name__)
TOP_GENES = 300


@dataclass(frozen=True)
class CellTypistOptions:
    """CellTypist's parameters, under their names."""

    use_SGD: bool = True  # noqa: N815
    mini_batch: bool = True
    balance_cell_type: bool = True
    feature_selection: bool = False
    n_jobs: int = -1
    max_iter: int = 100
    epochs: int = 10
    batch_size: int = 1000
    batch_number: int = 200


def fit_celltypist(
    X: sparse.csr_matrix,
    labels: Texts,
    genes: Texts,
    options: CellTypistOptions,
    random_state: int,
) -> tuple[Standardized, tuple[str, ...], tuple[str, ...]]:
    """Train as ``celltypist.train`` does, with its draws seeded.

    Fewer cells than a mini-batch are trained in one batch. ``use_SGD=False`` is CellTypist's one-against-rest logistic
    regression, fitted here because CellTypist 1.7.1 cannot call scikit-learn 1.8 and later for it.

    Parameters
    ----------
    X
        log1p(10k), cells x genes.

    Returns
    -------
    tuple
        The model, its classes and its genes; genes without expression are left out.
    """
    filled = np.asarray(X.sum(axis=0)).ravel() > 0
    X, genes = X[:, filled], genes[filled]
    if not options.use_SGD and not options.feature_selection:
        linear, classes = _fit_one_against_rest(X, labels, options)
        return linear, classes, tuple(map(str, genes))
    with _global_seed(random_state), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with keep_root_logger():  # importing CellTypist configures the root logger
            import celltypist
        model = celltypist.train(
            X,
            labels,
            genes,
            check_expression=False,
            use_SGD=True,
            mini_batch=options.mini_batch and len(labels) > options.batch_size,
            balance_cell_type=options.balance_cell_type,
            feature_selection=options.feature_selection and len(genes) > TOP_GENES,
            n_jobs=options.n_jobs,
            max_iter=options.max_iter,
            epochs=options.epochs,
            batch_size=options.batch_size,
            batch_number=options.batch_number,
            random_state=random_state,
        )
    linear = Standardized.from_estimator(model.classifier, model.scaler)
    return linear, tuple(map(str, model.cell_types)), tuple(map(str, model.features))


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Seed numpy's global generator, which CellTypist draws batches from, and restore its state afterwards."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _fit_one_against_rest(
    X: sparse.csr_matrix, labels: Texts, options: CellTypistOptions
) -> tuple[Standardized, tuple[str, ...]]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    scaled = np.minimum(scaler.fit_transform(X.toarray()), CLIP)
    classes = np.unique(labels)
    rest = classes[1:] if len(classes) == 2 else classes
    fits = [LogisticRegression(C=1.0, max_iter=options.max_iter).fit(scaled, labels == name) for name in rest]
    coef, intercept = np.vstack([fit.coef_ for fit in fits]), np.concatenate([fit.intercept_ for fit in fits])
    mean, scale = (np.asarray(part, dtype=np.float64) for part in (scaler.mean_, scaler.scale_))
    return Standardized(coef, intercept, mean, scale), tuple(map(str, classes))
