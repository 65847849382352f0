"""Annotate new samples with a published model."""

from prefect import flow

from flows.parameters import AnnotateParameters
from flows.run_names import run_name
from flows.samples import THREADS, annotate_samples
from spatialcore.annotation.run_config import RunConfig
from tasks.acquire import read_query
from tasks.artifacts import summarise
from tasks.models import find_model
from tasks.publish_run import publish_run
from tasks.schemas import RunManifest


@flow(
    name="annotate",
    flow_run_name=run_name,
    task_runner=THREADS,
    description="Annotate new samples with a published model.",
)
def annotate(config: AnnotateParameters) -> RunManifest:
    """Annotate new samples with a published model.

    Args:
        config: The samples and the model.

    Examples:
        The parameters are checked as by the form:

        >>> config = {"store": "s3://results", "tissue": "breast", "queries": [{"uri": "s3://samples/a.h5ad"}]}
        >>> annotate.validate_parameters({"config": config})["config"].version
        'current'
    """
    version, model = find_model(config.store, config.tissue, config.version)
    settings = RunConfig(**config.model_dump(exclude={"version"}), references=[{"uri": version.model_uri}])
    samples = [future.result() for future in [read_query.submit(settings, query) for query in settings.queries]]
    annotated = annotate_samples(settings, samples, model)
    manifest = publish_run(settings, [], version, annotated)
    summarise(manifest)
    return manifest
