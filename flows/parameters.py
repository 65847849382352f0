"""The forms of the flows beside the main one."""

from copy import copy
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from spatialcore.annotation.choices import ResolutionMode
from spatialcore.annotation.config import TissueName
from spatialcore.annotation.run_config import Query, RunConfig

HELD_OUT: Final = 0.1  # share of the reference cells on which models are compared


def _of_run(name: str) -> Any:
    """Return a field of the run configuration: limits, default and texts are defined once, there."""
    return copy(RunConfig.model_fields[name])


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Acquisition(_Form):
    """One reference to fetch, and where to put it."""

    source: str = Field(
        ..., min_length=1, title="Source", description="cellxgene://, synapse://, https://, s3://, gs:// or a path"
    )
    output: str = Field(..., min_length=1, title="Destination", description="A path, s3:// or gs:// ending in .h5ad")
    max_cells: int = Field(0, ge=0, title="Cells at most", description="Drawn by label; 0: all")


class AcquireParameters(_Form):
    """Which references to fetch."""

    references: list[Acquisition] = Field(..., min_length=1, title="References", description="Fetched four at a time")
    force: bool = Field(False, title="Fetch again", description="Even if the destination has a good copy")


class AnnotateParameters(_Form):
    """New samples for a model that is there."""

    queries: list[Query] = Field(..., min_length=1, title="Queries", description="Each is annotated on its own")
    store: str = _of_run("store")
    tissue: TissueName = Field(..., min_length=1, title="Tissue", description="Whose model")
    version: str = Field("current", min_length=1, title="Model version", description="current: the one in use")
    confidence_threshold: float = _of_run("confidence_threshold")
    resolution: ResolutionMode = _of_run("resolution")
    detect_unseen: bool = _of_run("detect_unseen")
    generate_plots: bool = _of_run("generate_plots")
    task_runner: Literal["threads", "dask"] = _of_run("task_runner")
    dask_address: str = _of_run("dask_address")


class TrainAndAnnotateParameters(RunConfig):
    """What to annotate, from which references, and whether others get the model that is trained for it."""

    promote: Literal["always", "if_not_worse", "never"] = Field(
        "always",
        title="Put the model in use",
        description="For later runs of this tissue. if_not_worse: than the one in use, on cells held out",
    )
    allow_lost_classes: bool = Field(
        False,
        title="Allow lost cell types",
        description="if_not_worse: also where the new model lacks a cell type of the one in use",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_run(cls, value: Any) -> Any:
        """Take the configuration of a run without a service as well."""
        return value.model_dump() if type(value) is RunConfig else value


class RefreshParameters(RunConfig):
    """References to look after, and the model that is trained on them."""

    held_out_share: float = Field(
        HELD_OUT,
        gt=0,
        lt=0.5,
        title="Cells held out",
        description="Share on which models are compared",
    )
    tolerance: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Tolerated loss",
        description="Macro-F1 that a new model may lose",
    )
    allow_lost_classes: bool = Field(
        False,
        title="Allow lost cell types",
        description="Promote also a model that lacks a cell type of the one in use",
    )


class AnnotatePendingParameters(_Form):
    """A folder where samples arrive, and the model that annotates them."""

    samples: str = Field(
        ...,
        min_length=1,
        title="Samples",
        description="A folder, s3:// or gs:// prefix: each file or folder in it is one",
    )
    store: str = _of_run("store")
    tissue: TissueName = Field(..., min_length=1, title="Tissue", description="Whose model")
    confidence_threshold: float = _of_run("confidence_threshold")
    generate_plots: bool = _of_run("generate_plots")
