"""Use a model of a cohort as it is for the sample that is annotated."""

from dataclasses import replace
from typing import Final

import numpy as np

from spatialcore.annotation.model.artifact import CellTypingModel
from spatialcore.annotation.model.cohort import SAME_SAMPLE, describe_unlike
from spatialcore.annotation.query import Expression
from spatialcore.annotation.training.platform.estimate import estimate_platform
from spatialcore.core.logging import get_logger

log = get_logger(__name__)

MATCHED_CELLS: Final = 5_000


def match_sample(model: CellTypingModel, query: Expression, *, random_state: int = 0) -> CellTypingModel:
    """Return the model as it is for the sample of its cohort that the query is, or is most like.

    The sample is found by the query's own cells alone: it does not depend on names, nor on what else is annotated. A
    query that is unlike all samples gets what they have in common, which is logged.

    Parameters
    ----------
    model
        A model; one that was not trained for several samples is returned as it is.
    query
        The expression on the model's genes.
    random_state
        Of the cells that are looked at.
    """
    cohort, genes = model.cohort, query.genes.model
    if cohort is None:
        return model
    counts = query.sample(MATCHED_CELLS, random_state)
    if not counts.sum():
        return model
    nearest, distance = cohort.nearest(counts, genes)
    if distance > SAME_SAMPLE:
        platform = estimate_platform(cohort.shares[:, genes], counts)
        efficiency, background = np.ones(len(model.genes)), nearest.background.copy()
        efficiency[genes], background[genes] = platform.efficiency, platform.background
        described = {"median_depth": platform.median_depth}
        query_itself = replace(nearest, efficiency=efficiency, background=background, platform=described)
        reason = describe_unlike([*cohort.samples, query_itself])[-1]
        if reason:
            log.warning("these cells differ from the samples for which the model was trained: %s", reason)
            return replace(model, metadata={**model.metadata, "sample": {"name": "", "unlike": reason}})
    return model.for_sample(nearest.name)
