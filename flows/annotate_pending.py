"""Annotate what has arrived since: samples that the model in use has not annotated yet."""

from prefect import State, flow, get_run_logger

from flows.annotate import annotate
from flows.parameters import AnnotateParameters, AnnotatePendingParameters
from spatialcore.annotation.run_config import Query
from tasks.pending import pending_samples
from tasks.schemas import RunManifest


@flow(name="annotate_pending", flow_run_name="{config.tissue}")
def annotate_pending(config: AnnotatePendingParameters) -> list[State[RunManifest]]:
    """Annotate every sample of a folder that no run of the model in use holds.

    One run a sample: a sample that cannot be read fails this run, but holds back no other sample's results.

    Args:
        config: The folder, and the model of which tissue.
    """
    pending = pending_samples(config.samples, config.store, config.tissue)
    if not pending:
        get_run_logger().info("every sample in %s is annotated with the model in use", config.samples)
    return [annotate(_job(config, uri), return_state=True) for uri in pending]


def _job(config: AnnotatePendingParameters, uri: str) -> AnnotateParameters:
    return AnnotateParameters(queries=[Query(uri=uri)], **config.model_dump(exclude={"samples"}))
