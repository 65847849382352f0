"""Profiles of three types, as tables, AnnData and statistics."""

import json
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd

GENES = ["GAD1", "SLC17A7", "AQP4", "MOG", "PDGFRA", "P2RY12"]
TYPES = ["neuron", "astrocyte", "oligodendrocyte"]
MEANS = np.array([[50, 40, 1, 1, 1, 7], [1, 2, 80, 5, 10, 2], [2, 1, 3, 90, 2, 2]], dtype=float)
SHARES = MEANS / MEANS.sum(axis=1, keepdims=True)


def table(orientation: str = "genes") -> pd.DataFrame:
    frame = pd.DataFrame(MEANS.T, index=pd.Index(GENES, name="gene"), columns=TYPES)
    return frame if orientation == "genes" else frame.T


def anndata_profiles(**obs: Any) -> ad.AnnData:
    return ad.AnnData(MEANS.astype(np.float32), pd.DataFrame(obs, index=TYPES), pd.DataFrame(index=GENES))


def clusters() -> list[Any]:
    """Return the shares of counts in the cells of four clusters."""
    rng = np.random.default_rng(1)
    profile, sizes = SHARES[[0, 0, 1, 2]], (50, 150, 40, 60)
    counts = [rng.poisson(2000 * profile[k] * rng.gamma(2, 0.5, (n, 6))) for k, n in enumerate(sizes)]
    return [part / np.maximum(part.sum(axis=1, keepdims=True), 1) for part in counts]


def write_statistics(path: Path, *, complete: bool = True) -> Path:
    """Write statistics of four clusters, two of one subclass, in the format of the Allen Institute's tools."""
    y = [np.log2(part * 1e6 + 1) for part in clusters()]
    n = [len(part) for part in y]
    tree = {
        "hierarchy": ["CLAS", "SUBC", "CLUS"],
        "hierarchy_mapper": {"CLAS": "class", "SUBC": "subclass", "CLUS": "cluster"},
        "CLAS": {"C1": ["S1"], "C2": ["S2", "S3"]},
        "SUBC": {"S1": ["k0", "k1"], "S2": ["k2"], "S3": ["k3"]},
        "CLUS": {f"k{i}": [] for i in range(4)},
        "name_mapper": {
            "SUBC": {"S1": {"name": "L5 ET CTX Glut"}, "S2": {"name": "Astro"}, "S3": {"name": "Oligo"}},
            "CLAS": {"C1": {"name": "IT-ET Glut"}, "C2": {"name": "NN"}},
        },
    }
    row = {"k1": 0, "k0": 1, "k2": 2, "k3": 3}
    order = sorted(row, key=row.__getitem__)
    positions = [int(name[1]) for name in order]
    with h5py.File(path, "w") as file:
        for name, content in (("cluster_to_row", row), ("col_names", GENES), ("taxonomy_tree", tree)):
            file[name] = json.dumps(content).encode()
        file["n_cells"] = np.array([n[k] for k in positions])
        file["sum"] = np.array([y[k].sum(axis=0) for k in positions])
        if complete:
            file["sumsq"] = np.array([(y[k] ** 2).sum(axis=0) for k in positions])
            file["gt0"] = np.array([(y[k] > 0).sum(axis=0) for k in positions])
    return path
