"""Explain the calls of chosen cells, gene by gene."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.calls.prediction import Predictor
from spatialcore.annotation.choices import ConfidenceMethod
from spatialcore.annotation.explain.contributions import Contributions, contributions, roles
from spatialcore.annotation.explain.linear_model import model_of
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.query import Expression, open_query
from spatialcore.annotation.run_manifest import manifest_of
from spatialcore.core.text.wording import list_names
from spatialcore.core.types import Floats
from spatialcore.core.validation import takes_adata
from spatialcore.errors import InputError

INTERCEPT: Final = "(intercept)"
COLUMNS: Final = ("cell", "call", "runner_up", "gene", "role", "expression", "standardized", "weight", "contribution")
_TOLERANCE: Final = 1e-6

Cells = str | Sequence[str] | Sequence[bool] | Sequence[int] | npt.NDArray[Any] | pd.Index | pd.Series


@takes_adata
def explain_calls(adata: AnnData, cells: Cells, model: CellTypingModel | str | Path | None = None) -> pd.DataFrame:
    """Return the contribution of each gene to the lead of a cell's best class over the runner-up.

    The contributions of a cell, with the row "(intercept)", add up to the difference of the two decision scores,
    because the scores are linear in the standardized expression (:mod:`spatialcore.annotation.explain.contributions`).
    Which class is best depends on the scores alone. Not linear, and not explained here: the confidence, which also
    depends on the cell's depth, its fit to the class profile, the auxiliary model and its neighbours; a coarser term by
    ``resolution="auto"``; the vote of a cluster; "Unassigned" below the threshold.

    Parameters
    ----------
    adata
        Annotated cells, with the expression that they were annotated on.
    cells
        Names, a boolean mask, or positions.
    model
        The model that annotated the cells, or its path. Default: the file in the run manifest, or the copy in ``uns``
        that :func:`train_and_annotate` stores without ``model_output``.

    Returns
    -------
    DataFrame
        One row per cell and gene, the largest contribution of a cell first:

        - ``cell``, ``call`` (the best class), ``runner_up``, ``gene``
        - ``role``: "expressed" and "absent" genes support the call, "missing" and "unexpected" ones oppose it, see
          :func:`spatialcore.annotation.explain.contributions.roles`
        - ``expression``: log1p at the model's total; ``standardized``: the same in standard deviations of the training
          cells, 0 for their mean, at most 10
        - ``weight``: difference of the coefficients of the two classes
        - ``contribution``: ``weight * standardized``; in the row "(intercept)" the difference of the intercepts

        Cells without counts on the model's genes have no rows.

    Raises
    ------
    InputError
        A cell does not exist, the model is not the one that annotated the cells, or their expression has changed.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from spatialcore.annotation import annotate_celltypist, train_celltypist_model
    >>> from spatialcore.demo import simulated_data
    >>> query, reference = simulated_data()
    >>> model = f"{tempfile.mkdtemp()}/blood.pkl"
    >>> _ = train_celltypist_model(reference, "cell_type", output_path=model, trainer="logistic", query=query)
    >>> query = annotate_celltypist(query, custom_model_path=model)
    >>> explained = explain_calls(query, query.obs_names[:2])
    >>> explained[["cell", "call", "runner_up", "gene", "role"]].head(3)
        cell    call  runner_up   gene       role
    0  cell0  B cell  mast cell  CD79B  expressed
    1  cell0  B cell  mast cell  BANK1  expressed
    2  cell0  B cell  mast cell    KIT     absent

    The contributions of a cell add up to the lead of its best class:

    >>> lead = np.diff(np.sort(query.obsm["cell_type_decision_scores"][0])[-2:])
    >>> np.testing.assert_allclose(explained.loc[explained["cell"] == "cell0", "contribution"].sum(), lead)
    """
    rows = _positions(adata, cells)
    used = model_of(adata, model)
    query = open_query(adata, used.genes)
    method = str(manifest_of(adata).get("confidence_transform", "raw"))
    ascending, position = np.unique(rows, return_inverse=True)
    values = log_predictor(used, query, method).log_values(query.stored_rows(ascending))[position]
    has_counts = np.diff(values.indptr) > 0
    rows, values = rows[has_counts], values[np.flatnonzero(has_counts)]
    parts = contributions(used.linear, values, query.genes.model)
    _check_scores(adata, rows, parts)
    return _as_table(adata.obs_names[rows], used, query, values, parts)


def log_predictor(model: CellTypingModel, query: Expression, method: str) -> Predictor:
    """Return a predictor whose `log_values` are what the linear model read of the cells when it called them."""
    predictor = Predictor.build(model, query.kind, query.genes, "raw", keep_scores=False)
    return replace(predictor, method=cast(ConfidenceMethod, method))


def _positions(adata: AnnData, cells: Cells) -> npt.NDArray[np.intp]:
    chosen = np.asarray([cells] if isinstance(cells, str) else cells)
    if chosen.dtype == bool:
        if len(chosen) != adata.n_obs:
            raise InputError(f"the mask has {len(chosen)} values for {adata.n_obs} cells", hint="one value per cell")
        return np.flatnonzero(chosen)
    if np.issubdtype(chosen.dtype, np.integer):
        positions = chosen.astype(np.intp)
        if len(positions) and not (-adata.n_obs <= positions.min() and positions.max() < adata.n_obs):
            raise InputError(f"a position is outside the {adata.n_obs} cells", hint="pass names, a mask or positions")
        return np.asarray(positions % max(adata.n_obs, 1), dtype=np.intp)
    positions = adata.obs_names.get_indexer(pd.Index(chosen.astype(str)))
    if (positions < 0).any():
        missing = list_names(chosen[positions < 0], 5)
        raise InputError(f"obs_names has no {missing}", hint="pass names in obs_names, a mask or positions")
    return np.asarray(positions, dtype=np.intp)


def _check_scores(adata: AnnData, rows: npt.NDArray[np.intp], parts: Contributions) -> None:
    """Raise `InputError` if the stored scores are not those of the expression."""
    scores = adata.obsm.get(columns.DECISION_SCORES)
    if scores is None or not len(rows):
        return
    stored: Floats = np.asarray(scores)[rows]
    index = np.arange(len(rows))
    lead = stored[index, parts.best] - stored[index, parts.runner_up]
    if np.abs(lead - parts.lead).max() > _TOLERANCE * max(1.0, float(np.abs(stored).max())):
        raise InputError(
            "the stored scores do not match the expression: it has changed since the cells were annotated",
            hint="annotate again, or pass the AnnData as it was annotated",
        )


def _as_table(
    names: pd.Index, model: CellTypingModel, query: Expression, values: sparse.csr_matrix, parts: Contributions
) -> pd.DataFrame:
    classes = np.asarray(model.classes, dtype=object)
    genes = np.append(np.asarray(model.genes, dtype=object)[query.genes.model], INTERCEPT)
    n_cells, n_genes = parts.weights.shape
    nothing = np.full((n_cells, 1), np.nan)
    role = np.column_stack([roles(parts.weights, parts.standardized), np.full(n_cells, "intercept")])
    contribution = np.column_stack([parts.values, parts.intercept])
    table = pd.DataFrame(
        {
            "cell": np.repeat(np.asarray(names, dtype=object), n_genes + 1),
            "call": np.repeat(classes[parts.best], n_genes + 1),
            "runner_up": np.repeat(classes[parts.runner_up], n_genes + 1),
            "gene": np.tile(genes, n_cells),
            "role": role.ravel(),
            "expression": np.hstack([values.toarray(), nothing]).ravel(),
            "standardized": np.hstack([parts.standardized, nothing]).ravel(),
            "weight": np.hstack([parts.weights, nothing]).ravel(),
            "contribution": contribution.ravel(),
        },
        columns=list(COLUMNS),
    )
    order = np.argsort(-contribution, axis=1, kind="stable") + np.arange(n_cells)[:, None] * (n_genes + 1)
    sorted_rows: pd.DataFrame = table.iloc[order.ravel()].reset_index(drop=True)
    return sorted_rows
