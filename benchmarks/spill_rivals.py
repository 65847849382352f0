"""Run another tool on a section: one label per cell, and its estimate of the share of counts from other cells.

``python -m benchmarks.spill_rivals METHOD pair.npz result.npz`` with METHOD one of tacco, resolvi, rctd. It uses
nothing of ``spatialcore``, so it can run in the environment of the other tool.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import accuracy_rivals

EPOCHS = 100
SAMPLES = 20
PATCH_DISTANCE = 10  # of the patches of reference cells, in their widths
MAX_COUNTS = 150  # of one gene in a cell, in the tables of RCTD
LOG_STEP, LOG_STEPS = 4e-3, 5000


def tacco(reference: Any, labels: Any, query: Any, genes: list[str], positions: Any) -> tuple[Any, Any]:
    """Return the calls of TACCO with default settings; it does not estimate shares."""
    return accuracy_rivals.tacco(reference, labels, query, genes), np.full(query.shape[0], np.nan)


def joined(reference: Any, labels: Any, query: Any, genes: list[str], positions: Any) -> Any:
    """Return reference and query as two batches; reference cells of one type are placed together, apart from others."""
    import pandas as pd
    from anndata import AnnData
    from scipy import sparse

    rng, codes = np.random.default_rng(0), np.unique(labels, return_inverse=True)[1]
    width = 10 * np.sqrt(len(labels))
    places = rng.random((len(labels), 2)) * width
    places[:, 0] += PATCH_DISTANCE * width * codes
    n = query.shape[0]
    obs = pd.DataFrame({"batch": ["reference"] * len(labels) + ["query"] * n, "label": [*labels, *["unknown"] * n]})
    obs.index = [f"c{i}" for i in range(len(obs))]
    counts = sparse.vstack([reference, query]).tocsr().astype(np.float32)
    # one reference has been scaled, and the Poisson distribution needs whole numbers
    counts.data = np.rint(counts.data)
    adata = AnnData(counts, obs, pd.DataFrame(index=genes))
    adata.obsm["X_spatial"] = np.vstack([places, positions[:, :2]]).astype(np.float32)
    adata.layers["counts"] = adata.X.copy()
    return adata


def resolvi(reference: Any, labels: Any, query: Any, genes: list[str], positions: Any) -> tuple[Any, Any]:
    """Return the calls of ResolVI, semi-supervised with the labels of the reference, and its share of other cells.

    Of the share that it assigns to neighbours, only the part of neighbours with another call is foreign.
    """
    import scvi
    import torch

    torch.set_num_threads(1)
    scvi.settings.seed, tool = 0, scvi.external.RESOLVI
    adata = joined(reference, labels, query, genes, positions)
    tool.setup_anndata(adata, layer="counts", batch_key="batch", labels_key="label", unlabeled_category="unknown")
    model = tool(adata, semisupervised=True)
    model.train(max_epochs=EPOCHS, enable_progress_bar=False, accelerator="cpu")
    rows = np.flatnonzero(adata.obs["batch"] == "query")
    soft = model.predict(adata, indices=rows, num_samples=SAMPLES, soft=True)
    calls = np.full(adata.n_obs, "", dtype=object)
    calls[rows] = soft.columns.to_numpy().astype(str)[soft.to_numpy().argmax(axis=1)]
    means = model.sample_posterior(
        adata=adata,
        indices=rows,
        model=model.module.model_corrected,
        return_sites=["mixture_proportions", "per_neighbor_diffusion"],
        num_samples=SAMPLES,
        return_samples=False,
        batch_size=500,
        summary_frequency=10,
        return_observed=True,
    )["post_sample_means"]
    of_neighbours = np.asarray(means["mixture_proportions"]).reshape(len(rows), -1)[:, 1]
    weights = np.asarray(means["per_neighbor_diffusion"]).reshape(len(rows), -1)
    is_other = calls[adata.obsm["index_neighbor"][rows]] != calls[rows][:, None]
    foreign = of_neighbours * (weights * is_other).sum(axis=1)
    order = np.argsort([int(name[1:]) for name in adata.obs_names[rows]])  # setup may put the batch before the name
    return calls[rows][order].astype(str), foreign[order]


def likelihood_tables() -> dict[str, Any]:
    """Return the tables of the Poisson-lognormal likelihood that rctd-py downloads, for fewer counts.

    They are those of its ``compute_q_matrix``, of all values of sigma at once.
    """
    from rctd._likelihood import _ht_pdf_norm, build_x_vals
    from rctd._sigma import SIGMA_ALL
    from scipy.special import gammaln

    rates, logs = build_x_vals(), np.arange(-LOG_STEPS, LOG_STEPS + 1) * LOG_STEP
    density = np.column_stack([_ht_pdf_norm(logs / (s / 100)) / (s / 100) for s in SIGMA_ALL])
    density = np.maximum(density, 1e-300) * LOG_STEP
    log_rates, minus = logs[:, None] + np.log(rates), -np.exp(logs)[:, None] * rates
    table = np.empty((len(SIGMA_ALL), MAX_COUNTS + 3, len(rates)))
    for k in range(MAX_COUNTS + 3):
        poisson = np.exp(minus + k * log_rates - gammaln(k + 1))
        table[:, k] = np.log(np.maximum((poisson.T @ density).T, 1e-300))
    return {"X_vals": rates} | {str(s): table[i] for i, s in enumerate(SIGMA_ALL)}


def rctd(reference: Any, labels: Any, query: Any, genes: list[str], positions: Any) -> tuple[Any, Any]:
    """Return the first type of RCTD in doublet mode, and the weight of the second.

    Limits on counts and on cells of a type are low enough to use all cells; the other settings are the defaults.
    """
    import pandas as pd
    import rctd as tool
    from anndata import AnnData

    path = Path(tempfile.gettempdir()) / "q_matrices.npz"
    if not path.exists():
        np.savez(path, **likelihood_tables())
    os.environ["RCTD_Q_MATRICES"] = str(path)
    var = pd.DataFrame(index=genes)
    obs = pd.DataFrame({"cell_type": labels}, index=[f"r{i}" for i in range(len(labels))])
    train = tool.Reference(AnnData(reference.astype(np.float64), obs, var), cell_min=1, min_UMI=1)
    test = AnnData(query.astype(np.float64), pd.DataFrame(index=[f"q{i}" for i in range(query.shape[0])]), var.copy())
    config = tool.RCTDConfig(UMI_min=1, counts_MIN=1, UMI_min_sigma=50, K_val=MAX_COUNTS, device="cpu", compile=False)
    result = tool.run_rctd(test, train, mode="doublet", config=config)
    calls, share = np.full(query.shape[0], "", dtype=object), np.zeros(query.shape[0])
    used = np.flatnonzero(result.pixel_mask) if result.pixel_mask is not None else np.arange(len(calls))
    calls[used] = np.array(result.cell_type_names, dtype=object)[result.first_type]
    share[used] = np.where(result.spot_class >= 2, np.asarray(result.weights_doublet)[:, 1], 0.0)
    return calls.astype(str), share


if __name__ == "__main__":
    method, source, target = sys.argv[1:]
    tool = {"tacco": tacco, "resolvi": resolvi, "rctd": rctd}[method]
    positions = np.load(source, allow_pickle=False)["positions"]
    calls, shares = tool(*accuracy_rivals.read_pair(source), positions)
    np.savez(target, calls=np.asarray(calls).astype(str), foreign=np.asarray(shares, dtype=np.float64))
