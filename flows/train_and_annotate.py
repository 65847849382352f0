"""The main job: references to a model for exactly this panel, the model to calls, the calls to plots and a report."""

from prefect import flow

from flows.parameters import HELD_OUT, TrainAndAnnotateParameters
from flows.promotion import PromotionDecision, champion_of, decide_promotion, log_decision
from flows.samples import THREADS, annotate_samples
from spatialcore.registry import ModelVersion
from tasks.acquire import look_up, read_query
from tasks.artifacts import summarise
from tasks.models import as_trained, compare
from tasks.prepare import balance, combine, hold_out, map_labels, pool_queries
from tasks.publish import promote, publish_model, publish_run
from tasks.schemas import RunManifest, StageResult
from tasks.train import train


@flow(name="train_and_annotate", flow_run_name="{config.tissue}", task_runner=THREADS)
def train_and_annotate(config: TrainAndAnnotateParameters) -> RunManifest:
    """Train a model for the queries' panel and annotate every cell with it.

    A phase whose input and settings did not change is found in the store and not run again.

    Args:
        config: What to annotate, from which references, into which store.
    """
    references = [look_up.submit(reference) for reference in config.references]
    queries = [read_query.submit(config, query) for query in config.queries]
    versions, samples = [future.result() for future in references], [future.result() for future in queries]

    panel = pool_queries(config, samples)
    mapped = map_labels(config, combine(config, panel, versions))
    compared = config.promote == "if_not_worse"
    labelled = hold_out(config, mapped, HELD_OUT) if compared else mapped
    training = balance(config, labelled)
    model = train(config, training, panel)

    annotated = annotate_samples(config, samples, model, training)

    details = {"held_out_share": HELD_OUT} if compared else {}
    version = publish_model(config, model, [mapped, training], versions, annotated, details)
    manifest = publish_run(config, versions, version, annotated)
    decision = _settle(config, manifest, version, labelled, panel, model)
    summarise(manifest, decision.reason)
    return manifest


def _settle(
    config: TrainAndAnnotateParameters,
    manifest: RunManifest,
    version: ModelVersion,
    held_out: StageResult,
    panel: StageResult,
    model: StageResult,
) -> PromotionDecision:
    """Put the model in use, or not, as the configuration asks."""
    champion = champion_of(config) if config.promote == "if_not_worse" else None
    if config.promote == "never":
        decision = PromotionDecision(reason="not put in use, as asked")
    elif config.promote == "always":
        decision = PromotionDecision(promoted=True, reason=f"put in use by run {manifest.run_id}")
    else:
        scores = {} if champion is None else compare(held_out, panel, model, as_trained(champion))
        decision = decide_promotion(config, version, champion, scores, tolerance=0.0)
    if decision.promoted:
        promote(config.store, version, decision.reason, None if champion is None else champion.version)
    return log_decision(decision)
