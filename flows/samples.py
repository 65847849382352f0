"""Many samples, one model: each is annotated, filtered and drawn on its own, here or on a dask cluster."""

from typing import Any

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from spatialcore.annotation.run_config import RunConfig
from tasks.annotate import annotate, keep_confident
from tasks.schemas import Sample, StageResult
from tasks.validate import plot

THREADS: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=2)
"""Where a flow's tasks run: enough to read while another computes, little enough for the memory of a small machine."""


def annotate_samples(
    config: RunConfig, queries: list[StageResult], model: StageResult, training: StageResult | None = None
) -> list[Sample]:
    """Annotate every query with one model; return kept calls and plots of each.

    Threads are those of the flow that calls. A dask cluster needs a flow of its own, whose tasks go there.
    """
    if config.task_runner == "threads":
        return _annotate_each(config, queries, model, training)
    return flow(name="annotate_samples", task_runner=_cluster(config))(_annotate_each)(config, queries, model, training)


def _cluster(config: RunConfig) -> TaskRunner[Any]:
    """Return the cluster that the configuration names, or one on this machine."""
    from prefect_dask.task_runners import DaskTaskRunner

    return DaskTaskRunner(address=config.dask_address) if config.dask_address else DaskTaskRunner()


def _annotate_each(
    config: RunConfig, queries: list[StageResult], model: StageResult, training: StageResult | None
) -> list[Sample]:
    started = [_start(config, query, model, training) for query in queries]
    return [_ended(*futures) for futures in started]


def _start(
    config: RunConfig, query: StageResult, model: StageResult, training: StageResult | None
) -> tuple[PrefectFuture[Any], PrefectFuture[Any], PrefectFuture[Any] | None]:
    calls: Any = annotate.submit(config, query, model, training)  # a future; Prefect passes its result on
    kept: Any = keep_confident.submit(config, calls)
    return calls, kept, plot.submit(config, kept) if config.generate_plots else None


def _ended(calls: PrefectFuture[Any], kept: PrefectFuture[Any], drawn: PrefectFuture[Any] | None) -> Sample:
    """Wait in the order of the phases: the first that failed says why, those after it only that they were not run."""
    calls.result()
    return kept.result(), None if drawn is None else drawn.result()
