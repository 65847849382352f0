"""Tasks from queries and references to training cells."""

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.annotation.run_config import RunConfig
from spatialcore.errors import ConflictError
from tasks.anndata_io import read_cells
from tasks.prepare import balance, combine, hold_out
from tasks.stage_cache import local
from tests.tasks.conftest import PER_TYPE, StageResults, result_of, run_stages
from tests.workflow import tissue


def test_the_panel_is_the_genes_that_all_queries_measure(stage_results: StageResults) -> None:
    assert sorted(local(stage_results.panel.genes).read_text().split()) == sorted(tissue.GENES[:-1])
    assert stage_results.panel.cells is not None
    sample = ad.read_h5ad(local(stage_results.panel.cells))
    assert sample.n_obs == 2 * tissue.PER_TYPE * len(tissue.TYPES)


def test_references_are_combined_on_the_panel_and_one_scale(stage_results: StageResults) -> None:
    written = ad.read_h5ad(local(stage_results.combined.counts))
    assert written.X is None
    combined = read_cells(stage_results.combined.counts, stage_results.combined.counts)
    assert list(combined.obs_names) == list(written.obs_names)
    assert sorted(combined.var_names) == sorted(tissue.GENES[:-1])
    assert combined.obs[columns.REFERENCE_SOURCE].value_counts().to_dict() == {"reference_0": 80, "reference_1": 80}
    for name, seed in (("reference_0", 1), ("reference_1", 5)):
        counts = tissue.reference(seed=seed)[:, combined.var_names].X.toarray()
        normalized = np.expm1(combined[combined.obs[columns.REFERENCE_SOURCE] == name].X.toarray())
        np.testing.assert_allclose(shares(normalized), shares(counts), rtol=1e-4)


def shares(values: np.ndarray) -> np.ndarray:
    """Return the share of each gene in the total counts of its cell."""
    return values / values.sum(axis=1, keepdims=True)


def test_labels_are_mapped_and_counts_stay_in_one_file(stage_results: StageResults) -> None:
    assert stage_results.mapped.mapping is not None
    table = pd.read_csv(local(stage_results.mapped.mapping))
    assert dict(zip(table["input_label"], table["id"], strict=True))["B cell"] == "CL:0000236"
    cells = read_cells(stage_results.mapped.cells)
    assert sorted(cells.obs[columns.UNIFIED_CELL_TYPE].unique()) == sorted(tissue.TYPES)
    results = (stage_results.mapped, stage_results.held_out, stage_results.training)
    assert {result.counts.uri for result in results} == {stage_results.combined.counts.uri}


def test_held_out_cells_are_not_training_cells_and_always_the_same(stage_results: StageResults) -> None:
    training, held_out = (read_cells(file) for file in (stage_results.held_out.cells, stage_results.held_out.held_out))
    every = read_cells(stage_results.mapped.cells)
    assert sorted([*training.obs_names, *held_out.obs_names]) == sorted(every.obs_names)
    assert held_out.n_obs == pytest.approx(0.25 * every.n_obs, abs=len(tissue.TYPES))
    smaller = result_of(hold_out, stage_results.config, stage_results.mapped, 0.1)
    assert set(read_cells(smaller.held_out).obs_names) <= set(held_out.obs_names)


def test_training_cells_are_limited_per_type_and_described(stage_results: StageResults) -> None:
    cells = read_cells(stage_results.training.cells)
    assert cells.obs[columns.UNIFIED_CELL_TYPE].value_counts().to_dict() == dict.fromkeys(tissue.TYPES, PER_TYPE)
    description = json.loads(local(stage_results.training.manifest).read_text())
    composition = pd.DataFrame(json.loads(description["reference_composition_json"]))
    assert composition["before"].sum() == read_cells(stage_results.mapped.cells).n_obs
    assert composition["after"].sum() == cells.n_obs


def test_a_second_run_computes_nothing(stage_results: StageResults, computed_stages: list[str]) -> None:
    assert run_stages(stage_results.config) == stage_results
    assert computed_stages == []


def test_a_changed_file_of_proportions_changes_the_draw(stage_results: StageResults, tmp_path: Path) -> None:
    file = tmp_path / "proportions.csv"
    results = []
    for share in (0.5, 0.2):
        rest = (1 - share) / (len(tissue.TYPES) - 1)
        shares = {name: share if name == "B cell" else rest for name in tissue.TYPES}
        pd.DataFrame({"cell_type": shares.keys(), "proportion": shares.values()}).to_csv(file, index=False)
        config = stage_results.config.model_copy(update={"target_proportions": str(file)})
        results.append(result_of(balance, config, stage_results.mapped))
    counts = [read_cells(each.cells).obs[columns.UNIFIED_CELL_TYPE].value_counts(normalize=True) for each in results]
    assert counts[0]["B cell"] == pytest.approx(0.5, abs=0.05)
    assert counts[1]["B cell"] == pytest.approx(0.2, abs=0.05)


def test_a_reference_that_changed_after_it_was_looked_up_is_an_error(stage_results: StageResults, store: Path) -> None:
    config: RunConfig = stage_results.config
    versions = [version.model_copy(update={"token": "older"}) for version in stage_results.references]
    before = set((store / "cache").iterdir())
    with pytest.raises(ConflictError, match=r"reference_0\.h5ad changed while this run was reading it"):
        result_of(combine, config, stage_results.panel, versions)
    assert {path for path in (store / "cache").iterdir() if path.name.startswith("combine-")} <= before
