"""Train a model for the queries' panel and annotate the queries with it."""

from prefect import flow
from pydantic import JsonValue

from flows.parameters import HELD_OUT, TrainAndAnnotateParameters
from flows.promotion import PromotionDecision, champion_of, decide_promotion, describe_lost_classes, log_decision
from flows.run_names import run_name
from flows.samples import THREADS, annotate_samples
from flows.training import compare_to, run_training_stages
from spatialcore.annotation.config import UNKNOWN_TISSUE
from spatialcore.registry import ModelVersion
from tasks.acquire import look_up, read_query
from tasks.artifacts import summarise, summarise_comparison
from tasks.models import lost_classes
from tasks.publish_model import promote, publish_model
from tasks.publish_run import publish_run
from tasks.schemas import RunManifest, TrainedModel, TrainingStages


@flow(
    name="train_and_annotate",
    flow_run_name=run_name,
    task_runner=THREADS,
    description="Train a model for the queries' panel and annotate every cell with it.",
)
def train_and_annotate(config: TrainAndAnnotateParameters) -> RunManifest:
    """Train a model for the queries' panel and annotate every cell with it.

    The result of a stage whose inputs and settings did not change is taken from the store.

    Args:
        config: The queries, the references, the store and the settings.

    Examples:
        The parameters are checked as by the form:

        >>> config = {"store": "s3://results", "tissue": "lung", "references": [{"uri": "s3://references/lung.h5ad"}]}
        >>> config["queries"] = [{"uri": "s3://samples/a.h5ad"}]
        >>> train_and_annotate.validate_parameters({"config": config})["config"].promote
        'always'
    """
    references = [look_up.submit(reference) for reference in config.references]
    queries = [read_query.submit(config, query) for query in config.queries]
    versions, samples = [future.result() for future in references], [future.result() for future in queries]

    held_out_share = HELD_OUT if config.promote == "if_not_worse" else 0.0
    trained = run_training_stages(config, samples, versions, held_out_share)
    annotated = annotate_samples(config, samples, trained.model, trained.training)

    details: dict[str, JsonValue] = {"held_out_share": held_out_share} if held_out_share else {}
    version = publish_model(config, trained, versions, annotated, details)
    manifest = publish_run(config, versions, version, annotated)
    decision = _decide(config, manifest, version, trained)
    summarise(manifest, decision.reason)
    return manifest


def _decide(
    config: TrainAndAnnotateParameters, manifest: RunManifest, version: ModelVersion, trained: TrainingStages
) -> PromotionDecision:
    """Put the model in use if the configuration says so."""
    champion = None if config.tissue == UNKNOWN_TISSUE else champion_of(config)
    compared = config.promote == "if_not_worse"
    if config.tissue == UNKNOWN_TISSUE and config.promote != "never":
        decision = PromotionDecision(reason="not put in use: the run names no tissue")
    elif config.promote == "never":
        decision = PromotionDecision(reason="not put in use, as configured")
    elif config.promote == "always":
        decision = _unconditional(manifest, trained.model, champion)
    else:
        comparison = compare_to(champion, trained)
        decision = decide_promotion(
            config, version, champion, comparison, tolerance=0.0, allow_lost_classes=config.allow_lost_classes
        )
        summarise_comparison(config.tissue, comparison, decision.reason)
    if decision.promoted:
        promote(config.store, version, decision.reason, champion.version if compared and champion else None)
    return log_decision(decision)


def _unconditional(manifest: RunManifest, model: TrainedModel, champion: ModelVersion | None) -> PromotionDecision:
    """Put the model in use without a comparison; the reason names the classes of the former model that it lacks."""
    lost = () if champion is None else lost_classes(model, champion)
    reason = f"put in use by run {manifest.run_id}" + (f"; {describe_lost_classes(lost)}" if lost else "")
    return PromotionDecision(promoted=True, lost_classes=lost, reason=reason)
