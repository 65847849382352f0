"""The training stages, shared by the flows that train a model."""

from spatialcore.annotation.run_config import RunConfig
from spatialcore.registry import ModelVersion
from tasks.models import compare
from tasks.prepare import balance, combine, hold_out, map_labels, pool_queries
from tasks.schemas import ModelComparison, QueryCells, SourceVersion, TrainingStages
from tasks.train import train


def run_training_stages(
    config: RunConfig, queries: list[QueryCells], references: list[SourceVersion], held_out_share: float = 0.0
) -> TrainingStages:
    """Run the stages of :data:`spatialcore.annotation.stages.TRAINING_ORDER`, each as a task.

    Parameters
    ----------
    config
        References and settings.
    queries
        The queries, as h5ad in the store.
    references
        The current versions of the references.
    held_out_share
        Share of the reference cells that is held out to compare models, between 0 and 1.

    Returns
    -------
    TrainingStages
        The result of each stage.
    """
    panel = pool_queries(config, queries)
    mapped = map_labels(config, combine(config, panel, references))
    held_out = hold_out(config, mapped, held_out_share) if held_out_share else None
    training = balance(config, held_out or mapped)
    return TrainingStages(panel, mapped, held_out, training, train(config, training, panel))


def compare_to(champion: ModelVersion | None, trained: TrainingStages) -> ModelComparison:
    """Compare the new model with the model in use on the held-out cells; empty without a model in use."""
    if champion is None or trained.held_out is None:
        return ModelComparison()
    return compare(trained.held_out, trained.training, trained.panel, trained.model, champion)
