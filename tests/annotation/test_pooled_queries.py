"""Queries that share a model use their common genes and are sampled evenly."""

from types import SimpleNamespace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation import pooled_queries
from spatialcore.annotation.config import AnnotationSettings
from spatialcore.errors import GeneOverlapError, InputError


def cells(n_cells: int, genes: list[str], name: str) -> ad.AnnData:
    counts = sparse.csr_matrix(np.ones((n_cells, len(genes)), dtype=np.float32))
    obs = pd.DataFrame(index=[f"{name}{i}" for i in range(n_cells)])
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=genes))


def test_the_panel_is_the_genes_measured_in_all_queries() -> None:
    first, second = cells(5, ["CD3D", "MS4A1", "LYZ", "BLANK_0001"], "a"), cells(4, ["LYZ", "CD3D", "EPCAM"], "b")
    pooled = pooled_queries.pool_queries([first, second], AnnotationSettings())
    assert pooled.panel == ["CD3D", "LYZ"]
    assert pooled.sample.n_obs == 9
    assert list(pooled.sample.var_names) == ["CD3D", "LYZ"]


def test_drawn_cells_and_their_order_depend_only_on_sample_names() -> None:
    class Named(AnnotationSettings):
        names: tuple[str, ...]

        @property
        def queries(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name=name) for name in self.names]

    one, other = cells(5, ["LYZ", "CD3D"], "a"), cells(4, ["CD3D", "LYZ", "EPCAM"], "b")
    first = pooled_queries.pool_queries([one, other], Named(names=("one", "other")))
    second = pooled_queries.pool_queries([other, one], Named(names=("other", "one")))
    assert first.panel == second.panel == ["CD3D", "LYZ"]
    assert first.sample.obs_names.tolist() == second.sample.obs_names.tolist()
    assert first.sample.obs[columns.QUERY_SAMPLE].tolist() == ["one"] * 5 + ["other"] * 4


def test_one_query_is_used_unchanged() -> None:
    only = cells(5, ["CD3D", "LYZ"], "a")
    assert pooled_queries.pool_queries([only], AnnotationSettings()).sample is only


def test_queries_of_different_panels_are_refused() -> None:
    with pytest.raises(GeneOverlapError, match="share 1 of 5"):
        pooled_queries.pool_queries([cells(3, list("ABCDE"), "a"), cells(3, list("EFGHI"), "b")], AnnotationSettings())


def test_no_query_is_an_error() -> None:
    with pytest.raises(InputError, match="no query"):
        pooled_queries.pool_queries([], AnnotationSettings())


def test_a_large_query_does_not_outweigh_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooled_queries, "POOLED_CELLS", 100)
    monkeypatch.setattr(pooled_queries, "SAMPLE_CELLS", 10)
    sample = pooled_queries.pool_queries(
        [cells(500, ["A", "B"], "a"), cells(60, ["A", "B"], "b")], AnnotationSettings()
    ).sample
    assert pd.Series(sample.obs_names.str[0]).value_counts().to_dict() == {"a": 50, "b": 50}


def test_the_same_seed_draws_the_same_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooled_queries, "POOLED_CELLS", 20)
    drawn = [
        pooled_queries.pool_queries([cells(100, ["A"], "a")], AnnotationSettings()).sample.obs_names.tolist()
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
