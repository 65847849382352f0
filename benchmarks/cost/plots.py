"""CPU time and memory of all figures of a run and its report, on a simulated tissue.

The tissue has names of the Cell Ontology, their canonical markers and a run manifest. ``--keep`` is a folder for the
figures, tables and the report, to check their legibility with 3 or 60 types, 2,000 or 1,000,000 cells, 300 or 5,000
genes.

    python benchmarks/cost/plots.py                                        200,000 cells, 400 genes, 30 types
    python benchmarks/cost/plots.py --cells 2000 --genes 5000 --types 60 --keep results/plots
    rival/bin/python benchmarks/cost/plots.py --make tissue.h5ad           only the tissue, for another tool
"""

import argparse
import json
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import psutil
from scipy.sparse import csr_matrix, vstack

from spatialcore import columns
from spatialcore.annotation.colors import cell_type_colors
from spatialcore.annotation.markers import load_canonical_markers
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.core.normalization import log1p_normalize
from spatialcore.plotting.run_figures import draw_run_figures
from spatialcore.report import write_report

BLOCK, MARKERS_PER_TYPE, SOURCES = 20_000, 5, ("atlas_a", "atlas_b", "atlas_c")


def main() -> None:
    """Simulate the tissue, draw all figures and print the cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200_000)
    parser.add_argument("--genes", type=int, default=400)
    parser.add_argument("--types", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="folder for figures and report")
    parser.add_argument("--make", type=Path, help="write the tissue as h5ad and stop")
    options = parser.parse_args()
    tissue = make_tissue(options.cells, options.genes, options.types)
    if options.make:
        tissue.write_h5ad(options.make)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        with measured("figures"):
            plots = draw_run_figures(tissue, folder)
        with measured("page"):
            page = write_report(tissue, folder / "report.html", figures=plots)
        print(f"page: {page.stat().st_size / 1e6:.1f} MB; {len(plots['figures'])} figures")


@contextmanager
def measured(name: str) -> Iterator[None]:
    """Print CPU seconds, wall seconds and the increase of memory."""
    process, finished = psutil.Process(), threading.Event()
    before = process.memory_info().rss
    peak = [before]

    def watch() -> None:
        while not finished.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    yield
    end = resource.getrusage(resource.RUSAGE_SELF)
    finished.set()
    watcher.join()
    cpu = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
    increase = (peak[0] - before) / 1e9
    print(f"{name}: {cpu:.1f} CPU s, {time.perf_counter() - wall:.1f} s, {increase:.2f} GB above {before / 1e9:.2f} GB")


def make_tissue(n_cells: int, n_genes: int, n_types: int, seed: int = 0) -> ad.AnnData:
    """Return annotated cells of unequal types in spatial patches, with a run manifest."""
    rng = np.random.default_rng(seed)
    markers = {name: genes[:MARKERS_PER_TYPE] for name, genes in load_canonical_markers().items() if len(genes) > 2}
    names = sorted(markers, key=lambda name: (len(name) * 7919) % 101)[:n_types]
    genes = list(dict.fromkeys(gene for name in names for gene in markers[name]))[:n_genes]
    genes += [f"GENE{i}" for i in range(n_genes - len(genes))]
    shares = np.geomspace(1, 0.01, n_types)
    xy, codes = _coordinates(rng, n_cells, shares / shares.sum())
    rates = rng.gamma(0.4, 0.4, (n_types, n_genes)) * min(1.0, 400 / n_genes)
    position = {gene: i for i, gene in enumerate(genes)}
    for row, name in enumerate(names):
        rates[row, [position[gene] for gene in markers[name] if gene in position]] += 2.5
    counts = _counts(rng, rates, codes)
    tissue = ad.AnnData(log1p_normalize(counts), var=pd.DataFrame(index=genes), obsm={columns.SPATIAL: xy})
    tissue.layers[columns.COUNTS] = counts
    _call(tissue, rng, names, codes)
    tissue.uns[columns.MANIFEST] = _manifest(rng, names, genes)
    return tissue


def _coordinates(rng: np.random.Generator, n_cells: int, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates and types of cells in a tissue twice as wide as high; neighbours often have the same type."""
    side = np.sqrt(n_cells) * 10
    xy = rng.uniform(0, 1, (n_cells, 2)) * [1.4 * side, 0.7 * side]
    codes = rng.choice(len(shares), n_cells, p=shares)
    bands = np.sin(xy[:, 0] / side * 9) + np.cos(xy[:, 1] / side * 11 + xy[:, 0] / side * 4)
    patch = np.digitize(bands, np.quantile(bands, np.cumsum(shares)[:-1]))
    return xy, np.where(rng.uniform(size=n_cells) < 0.6, patch, codes)


def _counts(rng: np.random.Generator, rates: np.ndarray, codes: np.ndarray) -> csr_matrix:
    blocks = []
    for start in range(0, len(codes), BLOCK):
        depth = rng.lognormal(0, 0.5, len(codes[start : start + BLOCK]))[:, None]
        block = rng.poisson(rates[codes[start : start + BLOCK]] * depth)
        blocks.append(csr_matrix(block.astype(np.float32)))
    return csr_matrix(vstack(blocks))


def _call(tissue: ad.AnnData, rng: np.random.Generator, names: list[str], codes: np.ndarray) -> None:
    called = np.where(rng.uniform(size=len(codes)) < 0.05, (codes + 1) % len(names), codes)
    confidence = np.where(called == codes, rng.beta(9, 1, len(codes)), rng.beta(3, 2, len(codes)))
    low = confidence < 0.8
    obs = tissue.obs
    obs[columns.PREDICTED] = pd.Categorical.from_codes(called.tolist(), pd.Index(names))
    obs[columns.CELL_TYPE] = pd.Categorical(np.where(low, columns.UNASSIGNED, np.array(names, dtype=object)[called]))
    obs[columns.CONFIDENCE] = confidence
    obs[columns.UNASSIGNED_REASON] = pd.Categorical(np.where(low, columns.REASON_LOW_CONFIDENCE, ""))


def _manifest(rng: np.random.Generator, names: list[str], genes: list[str]) -> dict[str, object]:
    ids = {name: matcher_for().exact(name).id or "" for name in names}
    sizes = rng.integers(20, 400, len(names))
    confusion = np.diag(sizes)
    for row, n in enumerate(sizes):
        n_lost = int(n * rng.beta(1, 8))
        confusion[row, row] -= n_lost
        confusion[row, (row + 1) % len(names)] += n_lost
    right = np.diag(confusion)
    f1 = 2 * right / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1)
    heldout = {
        "accuracy": float(right.sum() / confusion.sum()),
        "macro_f1": float(f1.mean()),
        "f1": dict(zip(names, f1.round(3).tolist(), strict=True)),
        "cells": dict(zip(names, sizes.tolist(), strict=True)),
        "confusion": confusion.tolist(),
        "reliability": [
            {"low": x, "high": x + 0.1, "n_cells": int(300 * x + 20), "confidence": x + 0.05, "accuracy": x + 0.03}
            for x in np.arange(0.3, 1.0, 0.1).round(1).tolist()
        ],
    }
    card = {
        "classes": names,
        "heldout": heldout,
        "ontology_ids": ids,
        "training": {
            "trainer": "logistic",
            "n_cells": int(sizes.sum()),
            "n_genes": len(genes),
            "n_classes": len(names),
        },
        "platform": {"matched_to": "query", "median_depth": 60.0, "ambient_share": 0.08},
    }
    before = rng.integers(50, 20_000, (len(names), len(SOURCES)))
    rows = [
        {"cell_type": name, "source": source, "before": int(n), "after": int(min(n, 1700))}
        for name, of_type in zip(names, before, strict=True)
        for source, n in zip(SOURCES, of_type, strict=True)
    ]
    mapping = [
        {"input_label": label, "id": ids[name], "name": name, "score": score, "match_tier": tier}
        for name in names
        for label, score, tier in ((name, 1.0, "tier1_exact"), (f"{name}s (early)", 0.8, "tier2_token"))
    ]
    references = [
        {
            "source": source,
            "uri": f"s3://references/{source}.h5ad",
            "sha256": f"{number:064x}",
            "n_cells": int(of_source.sum()),
            "n_kept": int(of_source.sum()),
            "genes_kept": len(genes) - 4,
            "genes_wanted": len(genes),
            "genes_missing": genes[-4:],
            "counts": {"kind": "raw"},
            "dropped": [],
        }
        for number, (source, of_source) in enumerate(zip(SOURCES, before.T, strict=True), start=1)
    ]
    return {
        "confidence_transform": "calibrated",
        "model_card_json": json.dumps(card),
        "colors_json": json.dumps(cell_type_colors(names, ids)),
        "references_json": json.dumps(references),
        "reference_composition_json": json.dumps(rows),
        "label_mapping_json": json.dumps(mapping),
        "config_json": json.dumps({"tissue": "synthetic", "confidence_threshold": 0.8}),
        "n_model_genes": len(genes),
        "gene_overlap_pct": 100.0,
        "query": "synthetic",
    }


if __name__ == "__main__":
    main()
