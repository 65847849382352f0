"""Model and calls do not depend on the order of the query's cells, also where only a sample of them is looked at."""

from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation import pooled_queries, run_manifest
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls import sample_match
from spatialcore.annotation.calls.filters import filter_low_confidence
from spatialcore.annotation.explain import type_evidence
from spatialcore.annotation.spillover import estimate
from spatialcore.annotation.spillover.purified import decontaminate
from spatialcore.annotation.training import training_input
from spatialcore.annotation.unknown import clustering, groups, query_sample, unseen
from spatialcore.annotation.unknown.groups import group_unknown_cells
from tests.annotation.cohort_data import call, train
from tests.annotation.spillover.conftest import Example, make_example
from tests.annotation.spillover.conftest import train as train_matched

LIMITS = (
    (training_input, "MAX_QUERY_CELLS", 400),
    (pooled_queries, "POOLED_CELLS", 450),
    (pooled_queries, "SAMPLE_CELLS", 150),
    (sample_match, "MATCHED_CELLS", 250),
    (unseen, "MAX_SAMPLED", 300),
    (query_sample, "MAX_CELLS", 250),
    (estimate, "FIT_CELLS", 300),
    (type_evidence, "CELLS_PER_TYPE", 20),
    (clustering, "MAX_SAMPLED", 100),
    (groups, "MAX_OTHERS", 100),
    (groups, "MAX_GROUPED", 120),
)


@pytest.fixture(params=[False, True], ids=["all cells", "samples"])
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small samples, fewer than the cells of every query here."""
    for module, name, value in LIMITS if request.param else ():
        monkeypatch.setattr(module, name, value)


@pytest.fixture(scope="module")
def spilled(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """Return cells on a square grid, on which many neighbours are equally far, with spill-over."""
    return make_example(tmp_path_factory.mktemp("spilled"), 0.35)


def permuted(cells: AnnData, seed: int = 7) -> AnnData:
    return cells[np.random.default_rng(seed).permutation(cells.n_obs)].copy()


def called(cells: AnnData, model: Path, **options: object) -> AnnData:
    result = annotate_celltypist(
        cells, custom_model_path=model, confidence_transform="calibrated", copy=not cells.isbacked, **options
    )
    return group_unknown(result)


def group_unknown(adata: AnnData) -> AnnData:
    filter_low_confidence(adata, threshold=0.9)
    group_unknown_cells(adata)
    return adata


def assert_same_cells(first: AnnData, second: AnnData) -> None:
    """Compare all columns and all entries of the manifest."""
    other = second.obs.reindex(first.obs_names)
    assert list(first.obs_names) != list(second.obs_names)
    for name in first.obs:
        if pd.api.types.is_float_dtype(first.obs[name]):
            np.testing.assert_allclose(other[name], first.obs[name], atol=1e-6, rtol=0, err_msg=str(name))
        else:
            assert (other[name].astype(str) == first.obs[name].astype(str)).all(), name
    assert run_manifest.manifest_of(second) == run_manifest.manifest_of(first)


FORMS: list[Callable[[sparse.csr_matrix], object]] = [sparse.csr_matrix, lambda X: X.toarray()]


@pytest.mark.parametrize("form", FORMS, ids=["sparse", "dense"])
@pytest.mark.parametrize("with_places", [True, False], ids=["section", "cells"])
def test_calls_in_memory(spilled: Example, limits: None, with_places: bool, form: Callable[..., object]) -> None:
    cells = AnnData(form(sparse.csr_matrix(spilled.section.X)), spilled.section.obs, spilled.section.var)
    if with_places:
        cells.obsm[columns.SPATIAL] = spilled.section.obsm[columns.SPATIAL]
    result = called(cells, spilled.path)
    assert ('"detected": true' in run_manifest.manifest_of(result)["spill_over_json"]) == with_places
    assert (result.obs[columns.UNKNOWN_GROUP].astype(str) != "").any()
    assert_same_cells(result, called(permuted(cells), spilled.path))


def test_calls_of_a_file_in_blocks(spilled: Example, limits: None, tmp_path: Path) -> None:
    for name, cells in (("as it is", spilled.section), ("permuted", permuted(spilled.section))):
        AnnData(sparse.csr_matrix(cells.X), cells.obs, cells.var, obsm=dict(cells.obsm)).write_h5ad(
            tmp_path / f"{name}.h5ad"
        )
    first, second = (
        called(anndata.read_h5ad(tmp_path / f"{name}.h5ad", backed="r"), spilled.path, batch_size=77)
        for name in ("as it is", "permuted")
    )
    assert_same_cells(first, second)


def test_a_model_has_the_same_bytes(spilled: Example, limits: None, tmp_path: Path) -> None:
    paths = [tmp_path / "first" / "model.pkl", tmp_path / "second" / "model.pkl"]
    for path, cells in zip(paths, (spilled.section, permuted(spilled.section)), strict=True):
        path.parent.mkdir()
        train_matched(cells, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_cohort(cohort_reference: AnnData, samples: dict[str, AnnData], limits: None, tmp_path: Path) -> None:
    chosen = {name: samples[name] for name in ("sample 1", "sample 4", "sample 6")}
    others = {name: permuted(chosen[name]) for name in reversed(chosen)}
    paths = [tmp_path / "first" / "model.pkl", tmp_path / "second" / "model.pkl"]
    for path, cells in zip(paths, (chosen, others), strict=True):
        path.parent.mkdir()
        train(cohort_reference, cells, str(path))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    for name, sample in chosen.items():
        assert_same_cells(call(sample, str(paths[0])), call(others[name], str(paths[0])))


@pytest.mark.parametrize("integers", [False, True])
def test_purified_counts(spilled: Example, limits: None, integers: bool) -> None:
    first, second = (
        decontaminate(cells, spilled.path, copy=True, integers=integers)[spilled.section.obs_names].layers["purified"]
        for cells in (spilled.section, permuted(spilled.section))
    )
    assert abs(first - spilled.section.X).sum() > 0
    np.testing.assert_allclose(second.toarray(), first.toarray(), atol=1e-4)
