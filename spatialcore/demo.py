"""Real blood cells to try everything on, made from what the dependencies' own packages ship. No network.

The references are two random thirds of the labelled 10x PBMC 68k cells in scanpy (Zheng et al. 2017), as two files.
The query is the last third, whose labels are known but not shown to the model, and CellTypist's 559 sample cells of
another experiment. Counts of the former are recovered from its log-normalised values, exactly.
"""

import warnings
from importlib.util import find_spec
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from spatialcore import columns
from spatialcore.core.counts import recover_counts
from spatialcore.errors import DependencyError

KNOWN_LABEL = "known_label"
LABEL_COLUMN = "bulk_labels"
DEMO_FOLDER = Path("~/.spatialcore/demo")


def demo_data(folder: str | Path | None = None, random_state: int = 0) -> tuple[ad.AnnData, list[str]]:
    """Write the demo's references and query, and return the query and the references' paths.

    Parameters
    ----------
    folder
        Where the files go; nothing given: ``~/.spatialcore/demo``.
    random_state
        Seed of the split into references and query.

    Returns
    -------
    query, references
        The query (cells x 700 or so genes, raw counts; ``obs["known_label"]`` is empty where no label is known) and
        the paths of two reference files with labels in ``obs["bulk_labels"]``.

    Examples
    --------
    >>> query, references = demo_data()
    >>> len(references)
    2
    """
    target = Path(folder or DEMO_FOLDER).expanduser()
    target.mkdir(parents=True, exist_ok=True)
    labelled, sample = _pbmc68k(), _celltypist_sample()
    genes = labelled.var_names[labelled.var_names.isin(sample.var_names)]
    third = np.random.default_rng(random_state).permutation(labelled.n_obs) % 3
    references = [str(target / f"pbmc68k_part{part + 1}.h5ad") for part in (0, 1)]
    for part, path in enumerate(references):
        labelled[third == part].write_h5ad(path, compression="gzip")
    query = _query(labelled[third == 2, genes], sample[:, genes])
    query.write_h5ad(target / "query.h5ad", compression="gzip")
    return query, references


def accuracy_on_known(adata: ad.AnnData, mapping: pd.DataFrame) -> dict[str, float]:
    """Compare calls with the labels that are known.

    Parameters
    ----------
    adata
        The annotated query with ``obs["known_label"]``.
    mapping
        Table with ``input_label`` and ``name``: what the references' labels became.

    Returns
    -------
    dict
        ``cells`` whose label is known, ``all`` (accuracy of every call), ``kept`` (accuracy of calls that passed the
        threshold) and ``share_kept``.
    """
    known = adata.obs[adata.obs[KNOWN_LABEL].astype(str) != ""]
    became = dict(zip(mapping["input_label"], mapping["name"].replace("", np.nan), strict=True))
    truth = known[KNOWN_LABEL].astype(str).map(lambda label: became.get(label, label))
    right = known[columns.PREDICTED].astype(str) == truth.astype(str)
    kept = known[columns.CELL_TYPE].astype(str) != columns.UNASSIGNED
    return {
        "cells": float(len(known)),
        "all": float(right.mean()),
        "kept": float(right[kept].mean()),
        "share_kept": float(kept.mean()),
    }


def _query(labelled: ad.AnnData, sample: ad.AnnData) -> ad.AnnData:
    known = [*labelled.obs[LABEL_COLUMN].astype(str), *[""] * sample.n_obs]
    origin = ["pbmc68k"] * labelled.n_obs + ["celltypist_sample"] * sample.n_obs
    return ad.AnnData(
        sparse.vstack([labelled.X, sample.X], format="csr"),
        obs=pd.DataFrame(
            {KNOWN_LABEL: pd.Categorical(known), "origin": pd.Categorical(origin)},
            index=[*labelled.obs_names, *sample.obs_names],
        ),
        var=pd.DataFrame(index=labelled.var_names),
    )


def _pbmc68k() -> ad.AnnData:
    """Read scanpy's 700 labelled cells; one count is the smallest non-zero value of a cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the file is of an old format
        source = ad.read_h5ad(_shipped("scanpy", "datasets/10x_pbmc68k_reduced.h5ad"))
    counts, _ = recover_counts(source.raw.X)
    return ad.AnnData(counts, obs=source.obs[[LABEL_COLUMN]].copy(), var=pd.DataFrame(index=source.raw.var_names))


def _celltypist_sample() -> ad.AnnData:
    """Read CellTypist's 559 unlabelled sample cells, raw counts."""
    table = pd.read_csv(_shipped("celltypist", "data/samples/sample_cell_by_gene.csv"), index_col=0)
    return ad.AnnData(
        sparse.csr_matrix(table.to_numpy(np.float32)),
        obs=pd.DataFrame(index=table.index.astype(str)),
        var=pd.DataFrame(index=table.columns.astype(str)),
    )


def _shipped(package: str, name: str) -> Path:
    """Return the path of a file inside an installed package, without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise DependencyError(f"the demo's data come from {package}, which is not installed", hint="make setup")
    return Path(spec.origin).parent / name
