"""Annotate the samples of a folder that the model in use has not annotated."""

from prefect import State, flow, get_run_logger

from flows.annotate import annotate
from flows.parameters import AnnotateParameters, AnnotatePendingParameters
from spatialcore.annotation.run_config import Query
from tasks.pending import pending_samples
from tasks.schemas import RunManifest


@flow(
    name="annotate_pending",
    flow_run_name="{config.tissue}",
    description="Annotate every sample of a folder that the model in use has not annotated.",
)
def annotate_pending(config: AnnotatePendingParameters) -> list[State[RunManifest]]:
    """Annotate every sample of a folder that the model in use has not annotated.

    Each sample is annotated by its own subflow: a sample that cannot be read fails this flow run, but the other samples
    are annotated.

    Args:
        config: The folder with the samples, and the tissue of the model.

    Examples:
        The parameters are checked as by the form:

        >>> config = {"store": "s3://results", "tissue": "breast", "samples": "s3://samples"}
        >>> annotate_pending.validate_parameters({"config": config})["config"].samples
        's3://samples'
    """
    pending = pending_samples(config.samples, config.store, config.tissue)
    if not pending:
        get_run_logger().info("all samples in %s are annotated with the model in use", config.samples)
    return [annotate(_parameters(config, uri), return_state=True) for uri in pending]


def _parameters(config: AnnotatePendingParameters, uri: str) -> AnnotateParameters:
    return AnnotateParameters(queries=[Query(uri=uri)], **config.model_dump(exclude={"samples"}))
