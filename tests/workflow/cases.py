"""The registry of input cases, and helpers of their builders.

Each builder writes a query and a reference, and returns their paths and the expected outcome of a run: the number of
genes of the model, or a pattern of the error. The builders are in the modules ``*_cases``.
"""

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np

from tests.workflow.tissue import GENES, query, reference, write_h5ad

Expected = int | str
Case = tuple[str, str, Expected]
N = len(GENES)
RNG = np.random.default_rng(0)
CASES: dict[str, Callable[[Path], Case]] = {}


def case(build: Callable[[Path], Case]) -> Callable[[Path], Case]:
    CASES[build.__name__] = build
    return build


def query_file(folder: Path, adata: ad.AnnData | None = None) -> str:
    return write_h5ad(query() if adata is None else adata, folder / "query.h5ad")


def reference_file(folder: Path, adata: ad.AnnData | None = None) -> str:
    return write_h5ad(reference() if adata is None else adata, folder / "ref.h5ad")


def with_query(folder: Path, adata: ad.AnnData, expected: Expected = N) -> Case:
    return query_file(folder, adata), reference_file(folder), expected


def with_reference(folder: Path, adata: ad.AnnData, expected: Expected = N) -> Case:
    return query_file(folder), reference_file(folder, adata), expected


def renamed(adata: ad.AnnData, names: dict[str, str]) -> ad.AnnData:
    adata.var_names = [names.get(name, name) for name in adata.var_names]
    return adata
