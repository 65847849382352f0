"""Parameters of the flows. The Prefect UI shows them as forms."""

from copy import copy
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from spatialcore.annotation.choices import ResolutionSetting
from spatialcore.annotation.config import TissueName
from spatialcore.annotation.run_config import Query, RunConfig

HELD_OUT: Final = 0.1  # share of the reference cells that is held out to compare models


def _of_run(name: str) -> Any:
    """Return a copy of a field of the run configuration, where its default, limits and texts are defined."""
    return copy(RunConfig.model_fields[name])


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Acquisition(_Form):
    """A reference and its destination."""

    source: str = Field(
        ..., min_length=1, title="Source", description="cellxgene://, synapse://, https://, s3://, gs:// or a path"
    )
    output: str = Field(..., min_length=1, title="Destination", description="An .h5ad file: a path, s3:// or gs:// URI")
    max_cells: int = Field(
        0, ge=0, title="Maximum number of cells", description="Drawn in proportion to the labels; 0: all cells"
    )


class AcquireParameters(_Form):
    """The references to copy."""

    references: list[Acquisition] = Field(
        ..., min_length=1, title="References", description="Up to four are downloaded at the same time"
    )
    force: bool = Field(
        False, title="Download again", description="Also if the destination has a valid copy of the reference"
    )


class AnnotateParameters(_Form):
    """The samples to annotate, and the published model to use."""

    queries: list[Query] = Field(
        ..., min_length=1, title="Queries", description="The samples; each is annotated separately"
    )
    store: str = _of_run("store")
    tissue: TissueName = Field(..., min_length=1, title="Tissue", description="The tissue of the model")
    version: str = Field(
        "current", min_length=1, title="Model version", description="A version id; current: the model in use"
    )
    confidence_threshold: float = _of_run("confidence_threshold")
    resolution: ResolutionSetting = _of_run("resolution")
    detect_unseen: bool = _of_run("detect_unseen")
    purify: bool = _of_run("purify")
    generate_plots: bool = _of_run("generate_plots")
    task_runner: Literal["threads", "dask"] = _of_run("task_runner")
    dask_address: str = _of_run("dask_address")


class TrainAndAnnotateParameters(RunConfig):
    """The samples to annotate, the references to train on, and whether the new model is put in use."""

    promote: Literal["always", "if_not_worse", "never"] = Field(
        "always",
        title="Put the model in use",
        description="Use the new model for later samples of this tissue. if_not_worse: only if its macro-F1 on "
        "held-out cells is not below that of the model in use",
    )
    allow_lost_classes: bool = Field(
        False,
        title="Allow lost cell types",
        description="With if_not_worse: put the new model in use even if it lacks cell types of the model in use",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_run(cls, value: Any) -> Any:
        """Accept a RunConfig, the configuration of a run without the service."""
        return value.model_dump() if type(value) is RunConfig else value


class RefreshParameters(RunConfig):
    """The references to check for new versions, and the settings of the model that is trained on them."""

    held_out_share: float = Field(
        HELD_OUT,
        gt=0,
        lt=0.5,
        title="Share of held-out cells",
        description="Share of the reference cells on which the new model and the model in use are compared",
    )
    tolerance: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Tolerated loss of macro-F1",
        description="The new model is put in use if its macro-F1 is lower by at most this much",
    )
    allow_lost_classes: bool = Field(
        False,
        title="Allow lost cell types",
        description="Put the new model in use even if it lacks cell types of the model in use",
    )


class AnnotatePendingParameters(_Form):
    """The folder with the samples, and the tissue of the model."""

    samples: str = Field(
        ...,
        min_length=1,
        title="Samples",
        description="A folder, s3:// or gs:// prefix; each file or folder in it is a sample",
    )
    store: str = _of_run("store")
    tissue: TissueName = Field(..., min_length=1, title="Tissue", description="The tissue of the model")
    confidence_threshold: float = _of_run("confidence_threshold")
    generate_plots: bool = _of_run("generate_plots")
