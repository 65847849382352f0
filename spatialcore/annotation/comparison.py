"""Compare models on held-out reference cells, simulated as measured by the platform of the queries."""

import hashlib
import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.sampling import cell_keys
from spatialcore.core.types import Floats

MIN_SHARED_GENES = 10
SEED = 0  # fixed: whether a cell is held out depends on its id alone, for all models


def split_held_out(mapped: AnnData, share: float) -> tuple[AnnData, AnnData]:
    """Split labelled cells into those to train on and those to compare models on.

    Parameters
    ----------
    mapped
        Labelled reference cells x genes.
    share
        Share of the cells to hold out, 0 to 1. Which cells are held out depends on their ids in the reference, so they
        are the same in every version of a reference, whatever the name of its file. Cells drawn from profiles are held
        out only if all cells are.

    Returns
    -------
    tuple
        Cells to train on, cells held out.
    """
    from spatialcore.annotation.training.training_input import drawn_cells

    held_out = cell_keys(ids_in_reference(mapped.obs), SEED) < share * np.iinfo(np.uint64).max
    drawn = drawn_cells(mapped)
    if not drawn.all():
        held_out &= ~drawn
    return mapped[~held_out].copy(), mapped[held_out].copy()


def ids_in_reference(obs: pd.DataFrame) -> pd.Index:
    """Return the id that each cell of combined references has in its own reference.

    :func:`~spatialcore.annotation.references.combine.combine_references` names cells ``<id>-<reference>``, with a
    number after it where that name is taken; without the column ``reference_source`` the names are the ids.

    Examples
    --------
    >>> ids_in_reference(pd.DataFrame({"reference_source": "lung"}, ["AAAC-1-lung", "AAAC-1-lung-1"])).tolist()
    ['AAAC-1', 'AAAC-1']
    """
    names: pd.Index = obs.index.astype(str)
    if columns.REFERENCE_SOURCE not in obs:
        return names
    sources = obs[columns.REFERENCE_SOURCE].astype(str)
    ids = [name.rpartition(f"-{source}")[0] or name for name, source in zip(names, sources, strict=True)]
    return pd.Index(ids, dtype=object)


def macro_f1(truth: "pd.Series[str]", called: "pd.Series[str]") -> float:
    """Return the mean over the true classes of the harmonic mean of precision and recall."""
    from sklearn.metrics import f1_score

    classes = sorted(set(truth))
    return float(f1_score(truth, called, labels=classes, average="macro", zero_division=0))


def union_of_held_out(first: AnnData, second: AnnData, trained_on: AnnData | None = None) -> AnnData:
    """Return the held-out cells of two models, each cell once, over the genes that both have.

    Cells are compared by their counts of the shared genes: names change with the name of a reference's file.

    Parameters
    ----------
    first
        Labelled cells x genes; its label is used for cells of both.
    second
        Cells that another model, with other references or an earlier version of them, was not trained on. They are
        added only where at least 10 genes are shared.
    trained_on
        The training cells of the first model; those in ``second`` are not added.

    Returns
    -------
    AnnData
        Cells x shared genes: counts in ``layers["counts"]`` where both have them, the labels in obs.
    """
    import anndata as ad

    shared = first.var_names.intersection(second.var_names)
    if len(shared) < MIN_SHARED_GENES:
        return first
    excluded = set(_digests(first, shared)) | (set() if trained_on is None else set(_digests(trained_on, shared)))
    added = second[[digest not in excluded for digest in _digests(second, shared)]]
    if added.n_obs == 0:
        return first
    parts = [part[:, shared].copy() for part in (first, added)]
    for part in parts:
        part.obs = part.obs[[columns.UNIFIED_CELL_TYPE]].astype(str)
    union: AnnData = ad.concat(parts, join="inner", index_unique="-")
    return union


def _digests(cells: AnnData, genes: pd.Index) -> list[bytes]:
    """Return a digest of each cell's counts of the genes."""
    part = cells[:, genes]
    counts = sp.csr_matrix(part.layers.get(columns.COUNTS, part.X), dtype=np.float32)
    counts.eliminate_zeros()
    counts.sort_indices()
    rows = itertools.pairwise(counts.indptr)
    return [
        hashlib.blake2b(
            counts.indices[start:end].astype(np.int64).tobytes() + counts.data[start:end].tobytes(), digest_size=16
        ).digest()
        for start, end in rows
    ]


def compare_by_class(held_out: AnnData, models: Mapping[str, Path], sample: AnnData | None) -> pd.DataFrame:
    """Return each model's F1 of each class on held-out cells.

    Parameters
    ----------
    held_out, models, sample
        As in :func:`compare_models`.

    Returns
    -------
    DataFrame
        Indexed by class, in order: ``cells`` held out, and one column of F1 per model.
    """
    from sklearn.metrics import f1_score

    truth, calls = _called(held_out, models, sample)
    classes = sorted(set(truth))
    table = pd.DataFrame({"cells": [int((truth == name).sum()) for name in classes]}, index=pd.Index(classes))
    for name, called in calls.items():
        table[name] = f1_score(truth, called, labels=classes, average=None, zero_division=0)
    return table


def compare_models(held_out: AnnData, models: Mapping[str, Path], sample: AnnData | None) -> dict[str, float]:
    """Return each model's macro-F1 on held-out cells.

    Parameters
    ----------
    held_out
        Labelled cells x genes, raw counts if available.
    models
        Name -> the model's .pkl.
    sample
        Cells of the platform; the held-out cells are brought to its depth, gene efficiency and background. None
        compares on the unchanged cells.

    Returns
    -------
    dict
        Name -> macro-F1, 0 to 1.
    """
    truth, calls = _called(held_out, models, sample)
    return {name: macro_f1(truth, called) for name, called in calls.items()}


def _called(
    held_out: AnnData, models: Mapping[str, Path], sample: AnnData | None
) -> tuple["pd.Series[str]", dict[str, "pd.Series[str]"]]:
    """Return the true classes of held-out cells, and the calls of each model."""
    from spatialcore.annotation.annotate import annotate_celltypist

    measured = _as_measured(held_out, sample)
    truth = measured.obs[columns.UNIFIED_CELL_TYPE].astype(str)
    calls = {}
    for name, path in models.items():
        called = annotate_celltypist(
            measured,
            custom_model_path=path,
            min_confidence=0.0,
            min_gene_overlap_pct=0.0,
            store_decision_scores=False,
            confidence_transform="raw",
            copy=True,
        )
        calls[name] = called.obs[columns.PREDICTED].astype(str)
    return truth, calls


def _as_measured(held_out: AnnData, sample: AnnData | None) -> AnnData:
    if sample is None:
        return held_out
    from spatialcore.annotation.training.platform.estimate import class_profiles, estimate_platform
    from spatialcore.annotation.training.platform.simulate import match_to_platform
    from spatialcore.annotation.training.training_input import query_sample, reference_counts

    genes = np.asarray([str(gene) for gene in held_out.var_names], dtype=object)
    query_counts, shared = query_sample(sample, genes, SEED)
    counts = reference_counts(held_out, np.arange(held_out.n_obs))[:, shared]
    codes, names = pd.factorize(held_out.obs[columns.UNIFIED_CELL_TYPE].astype(str), sort=True)
    profiles: Floats = class_profiles(counts, codes, len(names))
    measured = match_to_platform(counts, estimate_platform(profiles, query_counts), np.random.default_rng(SEED))
    return AnnData(measured, obs=held_out.obs.copy(), var=pd.DataFrame(index=genes[shared].astype(str)))
