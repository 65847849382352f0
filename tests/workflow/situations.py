"""Inputs as people have them, by kind: the registry, and what the builders share.

Each builder returns query, reference and how a run of them is to end: the number of genes of the model, or a pattern of
the error that refuses the run. The builders are in the modules ``*_situations``.
"""

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np

from tests.workflow.tissue import GENES, query, reference, written

Ending = int | str
Case = tuple[str, str, Ending]
N = len(GENES)
RNG = np.random.default_rng(0)
SITUATIONS: dict[str, Callable[[Path], Case]] = {}


def situation(build: Callable[[Path], Case]) -> Callable[[Path], Case]:
    SITUATIONS[build.__name__] = build
    return build


def query_file(folder: Path, adata: ad.AnnData | None = None) -> str:
    return written(query() if adata is None else adata, folder / "query.h5ad")


def reference_file(folder: Path, adata: ad.AnnData | None = None) -> str:
    return written(reference() if adata is None else adata, folder / "ref.h5ad")


def with_query(folder: Path, adata: ad.AnnData, ending: Ending = N) -> Case:
    return query_file(folder, adata), reference_file(folder), ending


def with_reference(folder: Path, adata: ad.AnnData, ending: Ending = N) -> Case:
    return query_file(folder), reference_file(folder, adata), ending


def renamed(adata: ad.AnnData, names: dict[str, str]) -> ad.AnnData:
    adata.var_names = [names.get(name, name) for name in adata.var_names]
    return adata
