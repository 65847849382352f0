"""The main job: references to a model for exactly this panel, the model to calls, the calls to plots and a report."""

from prefect import flow

from flows.samples import THREADS, annotate_samples
from spatialcore.annotation.run_config import RunConfig
from tasks.acquire import fetch, read_query
from tasks.manifests import RunManifest
from tasks.prepare import balance, combine, gather, map_labels
from tasks.publish import promote, publish_model, publish_run
from tasks.summary import summarise
from tasks.train import train


@flow(name="train_and_annotate", flow_run_name="{config.tissue}", task_runner=THREADS)
def train_and_annotate(config: RunConfig) -> RunManifest:
    """Train a model for the queries' panel and annotate every cell with it.

    A phase whose input and settings did not change is found in the store and not run again.

    Args:
        config: What to annotate, from which references, into which store.
    """
    references = [fetch.submit(reference) for reference in config.references]
    queries = [read_query.submit(config, query) for query in config.queries]
    versions, samples = [future.result() for future in references], [future.result() for future in queries]

    panel = gather(config, samples)
    combined = combine(config, panel, versions)
    mapped = map_labels(config, combined)
    training = balance(config, mapped)
    model = train(config, training, panel)

    annotated = annotate_samples(config, samples, model, training)

    version = publish_model(config, model, [mapped, training], versions, annotated)
    manifest = publish_run(config, versions, version, annotated)
    promote(config.store, version, f"run {manifest.run_id}")
    summarise(manifest)
    return manifest
