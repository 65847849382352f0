"""Changes of a query or a reference, by name, for random runs (:mod:`tests.workflow.random_runs`)."""

from collections.abc import Callable
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
import scipy.sparse as sp

from spatialcore.core.genes.tables import ids_by_symbol
from tests.workflow.tissue import GENES, TYPES, with_features

Change = Callable[[ad.AnnData], ad.AnnData]


def _shares(total: float, rows: slice = slice(None), *, whole: bool = False) -> Change:
    def change(adata: ad.AnnData) -> ad.AnnData:
        values = adata.X.toarray()
        values[rows] *= total / np.maximum(values[rows].sum(axis=1, keepdims=True), 1)
        return _with_values(adata, np.round(values) if whole else values)

    return change


def _logged(total: float | None, base: float = np.e) -> Change:
    def change(adata: ad.AnnData) -> ad.AnnData:
        sc.pp.normalize_total(adata, target_sum=total)
        return _with_values(adata, np.log1p(adata.X.toarray()) / np.log(base))

    return change


def _with_values(adata: ad.AnnData, values: Any) -> ad.AnnData:
    adata.X = sp.csr_matrix(np.asarray(values, dtype=np.float32))
    return adata


def _one_value(value: float) -> Change:
    def change(adata: ad.AnnData) -> ad.AnnData:
        adata.X.data[len(adata.X.data) // 2] = value
        return adata

    return change


def _counts_beside(name: str) -> Change:
    def change(adata: ad.AnnData) -> ad.AnnData:
        if name == "raw":
            adata.raw = adata.copy()
        else:
            adata.layers[name] = adata.X.copy()
        return _with_values(adata, adata.X.toarray() - 0.5)

    return change


SCALES: dict[str, Change] = {
    "log1p(10k)": _logged(1e4),
    "log2(cpm + 1)": _logged(1e6, 2),
    "log1p(median)": _logged(None),
    "linear cpm": _shares(1e6),
    "rounded cpm": _shares(1e6, whole=True),
    "linear 10k of some cells": _shares(1e4, slice(0, 7)),
    "square roots": lambda adata: _with_values(adata, np.sqrt(adata.X.toarray())),
    "negative": lambda adata: _with_values(adata, adata.X.toarray() - 0.5),
    "a NaN": _one_value(np.nan),
    "an infinite value": _one_value(np.inf),
    "counts in a layer": _counts_beside("counts"),
    "counts in another layer": _counts_beside("other"),
    "counts in raw": _counts_beside("raw"),
    "no counts at all": lambda adata: _with_values(adata, np.zeros(adata.shape)),
    "empty cells": lambda adata: _with_values(
        adata, np.where(np.arange(adata.n_obs)[:, None] < 6, 0, adata.X.toarray())
    ),
}


def _renamed(rename: Callable[[str], str]) -> Change:
    def change(adata: ad.AnnData) -> ad.AnnData:
        adata.var_names = [rename(name) for name in adata.var_names]
        return adata

    return change


def _symbols_in_a_column(adata: ad.AnnData) -> ad.AnnData:
    adata.var["Gene Symbol"] = list(adata.var_names)
    adata.var_names = [f"probe_{i}" for i in range(adata.n_vars)]
    return adata


def _without(share: float) -> Change:
    return lambda adata: adata[:, np.arange(adata.n_vars) >= share * len(GENES)].copy()


def _proteins(adata: ad.AnnData) -> ad.AnnData:
    values = np.random.default_rng(3).gamma(2, 40, (adata.n_obs, 8))
    return with_features(adata, GENES[:8], values, feature_types=("Gene Expression", "Antibody Capture"))


def _controls(adata: ad.AnnData) -> ad.AnnData:
    return with_features(adata, [f"NegControlProbe-{i:05d}" for i in range(30)], np.ones((adata.n_obs, 30)))


def _identifier(adata: ad.AnnData) -> ad.AnnData:
    return with_features(adata, ["EntityID"], 1.1e18 + np.arange(adata.n_obs)[:, None])


FEATURES: dict[str, Change] = {
    "ids": _renamed(lambda name: f"{ids_by_symbol()[name][0]}.3" if name in ids_by_symbol() else name),
    "lower case": _renamed(str.lower),
    "capitalized": _renamed(str.capitalize),
    "a genome": _renamed(lambda name: f"GRCh38_{name}"),
    "numbers": lambda adata: _renamed(lambda _: "")(adata) if adata.n_vars == 0 else _numbered(adata),
    "symbols in a column": _symbols_in_a_column,
    "a few genes": _without(0.85),
    "half of the genes": _without(0.5),
    "proteins": _proteins,
    "controls": _controls,
    "an identifier": _identifier,
    "unknown genes": _renamed(lambda name: f"NOVEL_{name}X"),
}


def _numbered(adata: ad.AnnData) -> ad.AnnData:
    adata.var_names = [str(i) for i in range(adata.n_vars)]
    return adata


def _one_name(adata: ad.AnnData) -> ad.AnnData:
    adata.obs_names = ["cell"] * adata.n_obs
    return adata


CELLS: dict[str, Change] = {
    "no cells": lambda adata: adata[:0].copy(),
    "one cell": lambda adata: adata[:1].copy(),
    "one name": _one_name,
    "genes in lines": lambda adata: adata.T.copy(),
}


def _labels(function: Callable[[np.ndarray], Any]) -> Change:
    def change(adata: ad.AnnData) -> ad.AnnData:
        if "cell_type" in adata.obs:
            adata.obs["cell_type"] = function(adata.obs["cell_type"].astype(str).to_numpy().astype(object))
        return adata

    return change


def _where_first(share: float, value: Any) -> Callable[[np.ndarray], Any]:
    return lambda labels: np.where(np.arange(len(labels)) < share * len(labels), value, labels).astype(object)


LABELS: dict[str, Change] = {
    "nan as text": _labels(_where_first(0.2, "nan")),
    "all unknown": _labels(_where_first(1, "Unknown")),
    "all missing": _labels(lambda labels: pd.Categorical([None] * len(labels))),
    "one type": _labels(_where_first(1, "B cell")),
    "numbers": _labels(lambda labels: pd.Categorical(labels).codes.astype(float)),
    "other names": _labels(lambda labels: [f"{label} of mine" for label in labels]),
    "two names of one type": _labels(_where_first(0.5, "NK cells")),
    "no column": lambda adata: adata[:, :].copy() if "cell_type" not in adata.obs else _without_labels(adata),
}


def _types_without_counts(*, types: int, empty: int) -> Change:
    """Label the cells with a number of types, some of which have no counts on genes of the panel."""

    def change(adata: ad.AnnData) -> ad.AnnData:
        if "cell_type" not in adata.obs:
            return adata
        codes = np.arange(adata.n_obs) % types
        adata.obs["cell_type"] = np.array(TYPES, dtype=object)[codes]
        values = adata.X.toarray()
        values[np.ix_(codes < empty, adata.var_names.isin(GENES))] = 0
        return _with_values(adata, values)

    return change


def _curated(*ids: str) -> Change:
    def change(adata: ad.AnnData) -> ad.AnnData:
        adata.obs["cell_type_ontology_term_id"] = np.array(ids, dtype=object)[np.arange(adata.n_obs) % len(ids)]
        return adata

    return change


def _one_filled_cell(adata: ad.AnnData) -> ad.AnnData:
    return _with_values(adata, np.where(np.arange(adata.n_obs)[:, None] > 0, 0, adata.X.toarray()))


CLASSES: dict[str, Change] = {
    "one of two types without counts": _types_without_counts(types=2, empty=1),
    "one of three types without counts": _types_without_counts(types=3, empty=1),
    "two of three types without counts": _types_without_counts(types=3, empty=2),
    "no type with counts": _types_without_counts(types=3, empty=3),
    "one curated id": _curated("CL:0000236"),
    "two curated ids": _curated("CL:0000236", "CL:0000097"),
    "curated ids and none": _curated("CL:0000236", ""),
    "unknown ids": _curated("XX:1", "unknown"),
    "one cell with counts": _one_filled_cell,
}


def _without_labels(adata: ad.AnnData) -> ad.AnnData:
    adata.obs = adata.obs.rename(columns={"cell_type": "type"})
    return adata
