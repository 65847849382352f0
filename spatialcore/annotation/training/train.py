"""Train a model for a panel (:func:`train_celltypist_model`)."""

from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.choices import TRAINERS, Trainer
from spatialcore.annotation.colors import cell_type_colors
from spatialcore.annotation.model.artifact import CellTypingModel, colors_path, model_file, save_model, sidecar_path
from spatialcore.annotation.taxonomy import describe_levels
from spatialcore.annotation.training.celltypist import CellTypistOptions
from spatialcore.annotation.training.classes import ClassLabels, drop_empty_classes, read_labels
from spatialcore.annotation.training.small_panel import small_panel_warning
from spatialcore.annotation.training.trainers import train_celltypist, train_logistic
from spatialcore.core.logging import get_logger
from spatialcore.core.matrix import open_matrix
from spatialcore.core.validation import require_one_of, takes_adata
from spatialcore.errors import InputError

log = get_logger(__name__)


class TrainingSummary(TypedDict):
    """Numbers of cells, genes and classes that a model was trained on."""

    trainer: str
    n_cells: int
    n_unlabelled: int
    n_genes: int
    n_classes: int
    cells_per_class: dict[str, int]


class TrainingResult(TypedDict):
    """A trained model and its files; the paths are None if it was not written."""

    model_path: str | None
    metadata_path: str | None
    colors_path: str | None
    classes: list[str]
    genes: list[str]
    summary: TrainingSummary
    model: CellTypingModel


@takes_adata
def train_celltypist_model(
    adata: AnnData,
    label_column: str = columns.UNIFIED_CELL_TYPE,
    model_name: str = "custom_model",
    output_path: str | Path | None = None,
    use_SGD: bool = True,
    mini_batch: bool = True,
    balance_cell_type: bool = True,
    feature_selection: bool = False,
    n_jobs: int = -1,
    max_iter: int = 100,
    epochs: int = 10,
    batch_size: int = 1000,
    batch_number: int = 200,
    *,
    trainer: Trainer = "celltypist",
    query: AnnData | None = None,
    depths: npt.ArrayLike | None = None,
    ontology_column: str = columns.ONTOLOGY_ID,
    tissue: str = "unknown",
    random_state: int = 42,
) -> TrainingResult:
    """Train a model on labelled reference cells and write its files.

    Parameters
    ----------
    adata
        Reference cells x panel genes: log1p(10k) in ``X``, counts in ``layers["counts"]`` (recovered where absent).
    label_column
        The obs column with the class of each cell. If it contains Cell Ontology ids, the classes have the names of the
        terms.
    model_name, output_path
        The path of the ``.pkl``, or a folder for ``{model_name}.pkl``. None: nothing is written, and the model is in
        the result.
    use_SGD, mini_batch, balance_cell_type, feature_selection, n_jobs, max_iter, epochs, batch_size, batch_number
        Parameters of CellTypist, used by ``trainer="celltypist"``.
    trainer
        "celltypist" is CellTypist's recipe, seeded. "logistic" is class-balanced multinomial logistic regression to
        convergence on the reference as the query's platform would show it, with calibrated confidence.
    query
        The data to be annotated: its depth, gene efficiencies and ambient share are matched. For "logistic".
    depths
        Expected counts per cell if there is no query: a number or a sample of numbers. For "logistic".
    ontology_column
        The obs column with Cell Ontology ids: each class gets the id that most of its cells have.
    tissue
        Tissue in the description of the model.
    random_state
        Seed of every draw: the same input gives the same coefficients.

    Returns
    -------
    TrainingResult
        Keys model_path, metadata_path, colors_path (None if nothing was written), classes, genes, summary, model.

    Raises
    ------
    LabelColumnError
        No such column, no label in it, or a single class.
    InputError
        An unknown trainer, depths that are not positive, or depths with ``trainer="celltypist"``.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd, tempfile
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.poisson(np.repeat([[5, 1, 1, 1], [1, 1, 5, 1]], 60, axis=0)).astype("float32")
    >>> obs = pd.DataFrame({"unified_cell_type": ["B cell"] * 60 + ["T cell"] * 60}, index=np.arange(120).astype(str))
    >>> reference = anndata.AnnData(counts, obs, pd.DataFrame(index=["MS4A1", "ACTB", "CD3D", "GAPDH"]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     trained = train_celltypist_model(reference, output_path=f"{folder}/blood.pkl", trainer="logistic")
    >>> trained["classes"]
    ['B cell', 'T cell']
    """
    require_one_of("trainer", trainer, TRAINERS)
    if trainer == "celltypist" and depths is not None:
        raise InputError("depths has no effect with trainer='celltypist'", hint="pass trainer='logistic', or no depths")
    file = None if output_path is None else model_file(output_path, model_name)
    labels = read_labels(adata.obs, label_column, ontology_column)
    labels = drop_empty_classes(labels, open_matrix(adata.X).row_sums(labels.rows, np.abs))
    if trainer == "celltypist":
        options = CellTypistOptions(
            use_SGD=use_SGD,
            mini_batch=mini_batch,
            balance_cell_type=balance_cell_type,
            feature_selection=feature_selection,
            n_jobs=n_jobs,
            max_iter=max_iter,
            epochs=epochs,
            batch_size=batch_size,
            batch_number=batch_number,
        )
        model = train_celltypist(adata, labels, options, random_state)
    else:
        model = train_logistic(adata, labels, query=query, depths=depths, random_state=random_state)
    summary = _summary(trainer, labels, model)
    about = {"name": model_name, "tissue": tissue, "label_column": label_column, "random_state": random_state}
    levels = describe_levels(adata.obs.iloc[labels.rows], pd.Series(np.asarray(labels.names)[labels.codes]))
    metadata = {**about, "training": summary, **({"taxonomy": levels} if levels else {}), **model.metadata}
    model = replace(
        model,
        ontology_ids=labels.ontology_ids,
        colors=cell_type_colors(model.classes, labels.ontology_ids),
        metadata=metadata,
    )
    warning = small_panel_warning(len(model.genes), model.metadata.get("heldout", {}), model.classes)
    if warning:
        log.warning(warning)
    if file is not None:
        model = save_model(model, file)
    return _result(model, summary)


def _summary(trainer: str, labels: ClassLabels, model: CellTypingModel) -> TrainingSummary:
    return {
        "trainer": trainer,
        "n_cells": len(labels.rows),
        "n_unlabelled": labels.n_unlabelled,
        "n_genes": len(model.genes),
        "n_classes": len(model.classes),
        "cells_per_class": dict(zip(labels.names, np.bincount(labels.codes).tolist(), strict=True)),
    }


def _result(model: CellTypingModel, summary: TrainingSummary) -> TrainingResult:
    path = model.path
    return {
        "model_path": str(path) if path else None,
        "metadata_path": str(sidecar_path(path)) if path else None,
        "colors_path": str(colors_path(path)) if path else None,
        "classes": list(model.classes),
        "genes": list(model.genes),
        "summary": summary,
        "model": model,
    }
