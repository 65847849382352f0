"""Annotate several samples with one model, in threads or on a dask cluster."""

from typing import Any

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from spatialcore.annotation.run_config import RunConfig
from tasks.annotate import annotate, keep_confident
from tasks.schemas import AnnotatedSample, CellCalls, QueryCells, Sample, SamplePlots, TrainedModel, TrainingCells
from tasks.validate import plot

THREADS: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=2)
"""Task runner of the flows: with two threads one task reads while another computes, and memory stays bounded."""


def annotate_samples(
    config: RunConfig, queries: list[QueryCells], model: TrainedModel, training: TrainingCells | None = None
) -> list[Sample]:
    """Annotate every query with one model.

    With threads, the tasks run in the task runner of the calling flow. With dask, they run in a subflow on the cluster.

    Parameters
    ----------
    config
        Settings; ``task_runner`` and ``dask_address`` select where the tasks run.
    queries
        The queries, as h5ad in the store.
    model
        The model.
    training
        The cells it was trained on; None for a published model.

    Returns
    -------
    list of tuple
        Annotated data and plots of each query, in the order of the queries.
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
    submitted = [_submit(config, query, model, training) for query in queries]
    return [_result(*futures) for futures in submitted]


def _submit(
    config: RunConfig, query: QueryCells, model: TrainedModel, training: TrainingCells | None
) -> tuple[PrefectFuture[CellCalls], PrefectFuture[AnnotatedSample], PrefectFuture[SamplePlots] | None]:
    calls: Any = annotate.submit(config, query, model, training)  # a future; Prefect passes its result to the next task
    annotated: Any = keep_confident.submit(config, calls)
    return calls, annotated, plot.submit(config, annotated) if config.generate_plots else None


def _result(
    calls: PrefectFuture[CellCalls], annotated: PrefectFuture[AnnotatedSample], plots: PrefectFuture[SamplePlots] | None
) -> Sample:
    """Wait in the order of the stages, so that the error of the first failed stage is raised."""
    calls.result()
    return annotated.result(), None if plots is None else plots.result()
