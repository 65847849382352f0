"""The training stages as tasks: order, held-out cells, and the comparison."""

import shutil
from pathlib import Path

from prefect import flow

from flows.training import compare_to, run_training_stages
from spatialcore import registry
from spatialcore.annotation.run_config import RunConfig
from spatialcore.annotation.stages import TRAINING_ORDER
from tasks.acquire import look_up, read_query
from tasks.anndata_io import read_cells
from tasks.schemas import ModelComparison, RunManifest, TrainingStages
from tests.flows.conftest import blood_config


@flow(name="training", validate_parameters=False)
def training(config: RunConfig, held_out_share: float = 0.0) -> TrainingStages:
    queries = [read_query.submit(config, query).result() for query in config.queries]
    references = [look_up.submit(reference).result() for reference in config.references]
    return run_training_stages(config, queries, references, held_out_share)


def test_stages_run_in_their_order_and_held_out_cells_are_not_trained_on(
    blood: Path, tmp_path: Path, computed_stages: list[str]
) -> None:
    stages = training(blood_config(blood, tmp_path), held_out_share=0.2)
    assert computed_stages == ["read_query", "gather", "combine", "map_ontology", "hold_out", "balance", "train"]
    assert [name for name in computed_stages if name in TRAINING_ORDER] == list(TRAINING_ORDER)
    assert stages.held_out is not None
    held_out, trained_on = read_cells(stages.held_out.held_out), read_cells(stages.training.cells)
    assert held_out.n_obs > 0
    assert not set(held_out.obs_names) & set(trained_on.obs_names)


def test_nothing_is_compared_without_a_champion_or_held_out_cells(
    blood: Path, blood_run: RunManifest, tmp_path: Path
) -> None:
    store = shutil.copytree(Path(blood_run.uri).parents[2], tmp_path / "store")
    stages = training(blood_config(blood, store))
    champion = registry.show(str(store), "blood")
    assert stages.held_out is None
    assert compare_to(champion, stages) == compare_to(None, stages) == ModelComparison()


def test_a_model_is_compared_with_itself(blood: Path, blood_run: RunManifest, tmp_path: Path) -> None:
    store = shutil.copytree(Path(blood_run.uri).parents[2], tmp_path / "store")

    @flow(name="compare", validate_parameters=False)
    def compare() -> ModelComparison:
        stages = training(blood_config(blood, store), held_out_share=0.2)
        return compare_to(registry.show(str(store), "blood"), stages)

    comparison = compare()
    assert set(comparison.scores) == {"challenger", "champion"}
    assert all(0.3 < score <= 1 for score in comparison.scores.values())
    assert {score.cell_type for score in comparison.classes}
    assert (comparison.lost, comparison.gained) == ((), ())
