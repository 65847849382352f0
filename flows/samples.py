"""Annotate many samples with one model, each on its own, in this process or on a dask cluster."""

from typing import Any

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from spatialcore.annotation.run_config import RunConfig
from tasks.annotate import annotate, keep_confident
from tasks.schemas import AnnotatedSample, CellCalls, QueryCells, Sample, SamplePlots, TrainedModel, TrainingCells
from tasks.validate import plot

THREADS: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=2)
"""The task runner of a flow: two threads, so that one task can read while another computes in bounded memory."""


def annotate_samples(
    config: RunConfig, queries: list[QueryCells], model: TrainedModel, training: TrainingCells | None = None
) -> list[Sample]:
    """Annotate every query with one model and return the annotated data and plots of each.

    Threads are those of the calling flow. A dask cluster needs a subflow, whose tasks run there.
    """
    if config.task_runner == "threads":
        return _annotate_each(config, queries, model, training)
    return flow(name="annotate_samples", task_runner=_cluster(config))(_annotate_each)(config, queries, model, training)


def _cluster(config: RunConfig) -> TaskRunner[Any]:
    """Return the configured cluster, or a local one."""
    from prefect_dask.task_runners import DaskTaskRunner

    return DaskTaskRunner(address=config.dask_address) if config.dask_address else DaskTaskRunner()


def _annotate_each(
    config: RunConfig, queries: list[QueryCells], model: TrainedModel, training: TrainingCells | None
) -> list[Sample]:
    started = [_start(config, query, model, training) for query in queries]
    return [_result(*futures) for futures in started]


def _start(
    config: RunConfig, query: QueryCells, model: TrainedModel, training: TrainingCells | None
) -> tuple[PrefectFuture[CellCalls], PrefectFuture[AnnotatedSample], PrefectFuture[SamplePlots] | None]:
    calls: Any = annotate.submit(config, query, model, training)  # a future; Prefect passes its result on
    annotated: Any = keep_confident.submit(config, calls)
    return calls, annotated, plot.submit(config, annotated) if config.generate_plots else None


def _result(
    calls: PrefectFuture[CellCalls], annotated: PrefectFuture[AnnotatedSample], plots: PrefectFuture[SamplePlots] | None
) -> Sample:
    """Wait in the order of the stages, so that the first failure is raised, not the ones that follow from it."""
    calls.result()
    return annotated.result(), None if plots is None else plots.result()
