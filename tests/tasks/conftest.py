"""Fixtures with the results of all stages, run once on a small tissue."""

from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from prefect import Task, flow

from spatialcore import registry
from spatialcore.annotation.run_config import RunConfig
from tasks.acquire import look_up, read_query
from tasks.annotate import annotate, keep_confident
from tasks.prepare import balance, combine, hold_out, map_labels, pool_queries
from tasks.publish_model import publish_model
from tasks.schemas import (
    AnnotatedSample,
    CellCalls,
    CombinedReferences,
    HeldOutSplit,
    MappedLabels,
    Panel,
    QueryCells,
    Sample,
    SamplePlots,
    SourceVersion,
    TrainedModel,
    TrainingCells,
    TrainingStages,
)
from tasks.train import train
from tasks.validate import plot
from tests.workflow import tissue

P = ParamSpec("P")
R = TypeVar("R")

PER_TYPE = 20  # training cells per type; the two references have 32
DEPTH = 15  # counts per query cell, low enough that confidences differ


@dataclass(frozen=True)
class StageResults:
    """The result of every stage."""

    config: RunConfig
    references: list[SourceVersion]
    queries: list[QueryCells]
    panel: Panel
    combined: CombinedReferences
    mapped: MappedLabels
    held_out: HeldOutSplit
    training: TrainingCells
    model: TrainedModel
    calls: list[CellCalls]
    annotated: list[AnnotatedSample]
    plots: SamplePlots


@pytest.fixture(scope="session")
def run_config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """Return a configuration with two references and two queries, one of which lacks a gene."""
    folder = tmp_path_factory.mktemp("tissue")
    queries = [tissue.query(depth=DEPTH), tissue.query(seed=3, depth=DEPTH)[:, :-1].copy()]
    references = [tissue.reference(), tissue.reference(seed=5)]
    return RunConfig.from_dict(
        {
            "tissue": "blood",
            "queries": [tissue.write_h5ad(query, folder / f"query_{n}.h5ad") for n, query in enumerate(queries)],
            "references": [
                tissue.write_h5ad(each, folder / f"reference_{n}.h5ad") for n, each in enumerate(references)
            ],
            "store": str(folder / "store"),
            "min_cells_per_type": 5,
            "max_cells_per_type": PER_TYPE,
        }
    )


@pytest.fixture(scope="session")
def stage_results(prefect_server: None, run_config: RunConfig) -> StageResults:
    """Run all stages. Held-out cells are drawn separately and not used for training."""
    return run_stages(run_config)


def result_of(task: Task[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a task in its own flow run and return its result, computed or cached."""

    @flow(name="one_task", validate_parameters=False)
    def one_task() -> R:
        return task.submit(*args, **kwargs).result()

    return one_task()


@flow(name="run_stages", validate_parameters=False)
def run_stages(config: RunConfig) -> StageResults:
    references = [look_up.submit(reference).result() for reference in config.references]
    queries = [read_query.submit(config, query).result() for query in config.queries]
    panel = pool_queries.submit(config, queries).result()
    combined = combine.submit(config, panel, references).result()
    mapped = map_labels.submit(config, combined).result()
    held_out = hold_out.submit(config, mapped, 0.25).result()
    training = balance.submit(config, mapped).result()
    model = train.submit(config, training, panel).result()
    calls = [annotate.submit(config, query, model, training).result() for query in queries]
    annotated = [keep_confident.submit(config, each).result() for each in calls]
    plots = plot.submit(config, annotated[0]).result()
    return StageResults(
        config, references, queries, panel, combined, mapped, held_out, training, model, calls, annotated, plots
    )


@pytest.fixture
def store(run_config: RunConfig) -> Path:
    """Return the folder of the store."""
    return Path(run_config.store)


@pytest.fixture
def samples(stage_results: StageResults) -> list[Sample]:
    return [(stage_results.annotated[0], stage_results.plots), (stage_results.annotated[1], None)]


@pytest.fixture
def published_model(stage_results: StageResults, samples: list[Sample]) -> registry.ModelVersion:
    trained = TrainingStages(
        stage_results.panel,
        stage_results.mapped,
        stage_results.held_out,
        stage_results.training,
        stage_results.model,
    )
    details = {"scores": {"challenger": 0.9}}
    return publish_model.fn(stage_results.config, trained, stage_results.references, samples, details)
