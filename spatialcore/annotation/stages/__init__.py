"""The stages of a run as functions of AnnData, and the order in which they run.

:func:`train_model` and :func:`call_cells` run the stages in order, in memory; the library call, the command line and
the workflow use them. The service runs each stage as a task.
"""

from spatialcore.annotation.stages.calls import annotate, call_cells, keep_confident, purify
from spatialcore.annotation.stages.figures import plot, report
from spatialcore.annotation.stages.order import ANNOTATION_ORDER, SETTINGS, TRAINING_ORDER
from spatialcore.annotation.stages.training import TrainingRecord, balance, combine, map_ontology, train, train_model

__all__ = [
    "ANNOTATION_ORDER",
    "SETTINGS",
    "TRAINING_ORDER",
    "TrainingRecord",
    "annotate",
    "balance",
    "call_cells",
    "combine",
    "keep_confident",
    "map_ontology",
    "plot",
    "purify",
    "report",
    "train",
    "train_model",
]
