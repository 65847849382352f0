"""Run another tool on a pair: one label per query cell.

``python accuracy_rivals.py METHOD pair.npz labels.npy`` with METHOD one of singler, tacco, spatialcore054. It
imports nothing of this project, so it can run in the environment of the other tool.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse


def read_pair(path: str) -> tuple[Any, Any, Any, list[str]]:
    """Return reference counts, labels, query counts and genes."""
    content = np.load(path, allow_pickle=False)
    matrices = [
        sparse.csr_matrix(
            (content[f"{side}_data"], content[f"{side}_indices"], content[f"{side}_indptr"]),
            shape=tuple(content[f"{side}_shape"]),
        )
        for side in ("reference", "query")
    ]
    return matrices[0], content["labels"].astype(str), matrices[1], content["genes"].astype(str).tolist()


def logged(counts: Any) -> Any:
    """Return log1p of counts normalized to 10,000."""
    totals = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1)
    scaled = sparse.diags(1e4 / totals) @ counts
    return sparse.csr_matrix(scaled).log1p()


def singler(reference: Any, labels: Any, query: Any, genes: list[str]) -> Any:
    """Return the calls of SingleR on log-normalized data with the settings for single-cell references."""
    import singler as tool

    result = tool.annotate_single(
        logged(query).toarray().T,
        logged(reference).toarray().T,
        list(labels),
        test_features=genes,
        ref_features=genes,
        train_args={"marker_method": "auc"},
    )
    return np.asarray(result.column("best"))


def tacco(reference: Any, labels: Any, query: Any, genes: list[str]) -> Any:
    """Return the calls of TACCO with default settings: the type with the largest weight."""
    import pandas as pd
    import tacco as tool
    from anndata import AnnData

    var = pd.DataFrame(index=genes)
    train = AnnData(reference.astype(np.float64), pd.DataFrame({"type": pd.Categorical(labels)}), var)
    test = AnnData(query.astype(np.float64), var=var.copy())
    for adata, name in ((train, "r"), (test, "q")):
        adata.obs_names = [f"{name}{i}" for i in range(adata.n_obs)]
    tool.tl.annotate(test, train, annotation_key="type", result_key="weights", verbose=0)
    weights = test.obsm["weights"].reindex(test.obs_names).fillna(0.0)
    return weights.columns.to_numpy().astype(str)[weights.to_numpy().argmax(axis=1)]


def spatialcore054(reference: Any, labels: Any, query: Any, genes: list[str]) -> Any:
    """Return the calls of spatialcore 0.5.4: training and annotation without ontology mapping and filters, seeded.

    It needs mini_batch=False for 1,000 cells or fewer.
    """
    import pandas as pd
    from anndata import AnnData

    from spatialcore import annotation as tool  # version 0.5.4

    np.random.seed(0)  # noqa: NPY002 - its random generator
    obs = pd.DataFrame({"label": labels}, index=[f"r{i}" for i in range(len(labels))])
    train = AnnData(logged(reference).astype(np.float32), obs, pd.DataFrame(index=genes))
    test = AnnData(logged(query).astype(np.float32), var=train.var.copy())
    test.obs_names = [f"q{i}" for i in range(test.n_obs)]
    test.layers["counts"] = query.astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        tool.train_celltypist_model(
            train, label_column="label", output_path=path, n_jobs=1, mini_batch=train.n_obs > 1000
        )
        result = tool.annotate_celltypist(test, custom_model_path=path, min_confidence=0.0)
    return result.obs["cell_type"].astype(str).to_numpy()


if __name__ == "__main__":
    method, source, target = sys.argv[1:]
    calls = {"singler": singler, "tacco": tacco, "spatialcore054": spatialcore054}[method](*read_pair(source))
    np.save(target, np.asarray(calls).astype(str))
