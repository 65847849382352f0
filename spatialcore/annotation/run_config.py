"""The configuration of a whole run: what to annotate, from which references, into which store."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from spatialcore.annotation.base_settings import Settings
from spatialcore.annotation.config import AnnotationSettings, TrainingConfig
from spatialcore.core.text.names import SCHEMA, checked_name, slug_of
from spatialcore.core.text.units import checked_unit

DEFAULT_LABEL_COLUMN = "cell_type"
SampleName = Annotated[
    str,
    AfterValidator(lambda name: checked_name(name, "the name") if name else ""),
    Field(json_schema_extra={**SCHEMA}),
]
CoordinateUnit = Annotated[str, AfterValidator(checked_unit)]
FIRST_FIELDS = ("queries", "references", "tissue", "store")


def _number_fields(schema: dict[str, Any]) -> None:
    """Set the order of the fields in a form: required fields come first."""
    properties = schema["properties"]
    names = [*FIRST_FIELDS, *(name for name in properties if name not in FIRST_FIELDS)]
    for position, name in enumerate(names):
        properties[name]["position"] = position


class Reference(Settings):  # type: ignore[metaclass]  # as AnnotationSettings
    """A labelled data set and the column with its labels; ``path:column`` as text is also accepted."""

    model_config = ConfigDict(extra="forbid", title="Reference")

    uri: str = Field(
        ...,
        min_length=1,
        title="Path or URI",
        description="h5ad or zarr: a URI (s3://, gs://, cellxgene://), or a path on the worker's machine",
    )
    label_column: str = Field(
        DEFAULT_LABEL_COLUMN, min_length=1, title="Label column", description="The column of obs with the cell types"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        uri, colon, column = _split_at_existing_path(value) or value.rpartition(":")
        is_column = colon and ("/" not in column or ("://" not in value and Path(uri).expanduser().exists()))
        return {"uri": uri, "label_column": column} if is_column else {"uri": value}


def _split_at_existing_path(text: str) -> tuple[str, str, str] | None:
    """Split ``path:column`` after a path that exists, so that the name of the column may hold a colon."""
    colons = [position for position, character in enumerate(text) if character == ":"]
    local = () if "://" in text else colons
    ends = (end for end in local if Path(text[:end]).expanduser().exists())
    return next(((text[:end], ":", text[end + 1 :]) for end in ends if text[:end]), None)


class Query(Settings):  # type: ignore[metaclass]  # as AnnotationSettings
    """Spatial data to annotate; a path as text is also accepted."""

    model_config = ConfigDict(extra="forbid", title="Query")

    uri: str = Field(
        ...,
        min_length=1,
        title="Path or URI",
        description="Platform's output folder, h5ad or zarr: a URI (s3://, gs://), or a path on the worker's machine",
    )
    sample: SampleName = Field("", title="Sample name", description="By default, the name of the file or folder")
    unit: CoordinateUnit = Field(
        "", title="Unit of the coordinates", description="µm or px; for files that do not state it, such as h5ad"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"uri": value} if isinstance(value, str) else value

    @property
    def name(self) -> str:
        """The sample's name: as given, or the file's stem."""
        return self.sample or self.uri.rstrip("/").rpartition("/")[2].split(".")[0]

    @property
    def slug(self) -> str:
        """The name as part of a path."""
        return slug_of(self.name, "the sample name")

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if not self.sample:
            checked_name(self.name, f"the sample name taken from {self.uri[-80:]!r},")
        return self


class RunConfig(AnnotationSettings):
    """All settings of a run. The YAML file, the command line and the Prefect form create this object."""

    model_config = ConfigDict(json_schema_extra=_number_fields)

    queries: list[Query] = Field(
        ..., min_length=1, title="Queries", description="Spatial data; one model is used for all of them"
    )
    references: list[Reference] = Field(
        ..., min_length=1, title="References", description="Labelled data on which the model is trained"
    )
    store: str = Field(
        "spatialcore-store",
        min_length=1,
        title="Store",
        description="Where results are written: an s3:// or gs:// prefix, or a folder on the worker's machine",
    )
    task_runner: Literal["threads", "dask"] = Field(
        "threads",
        title="Task runner",
        description="threads: annotate the samples in the process of the run; dask: on a dask cluster",
    )
    dask_address: str = Field(
        "",
        title="Dask scheduler",
        description="Address of the scheduler; by default, a cluster on the worker's machine",
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        slugs = [query.slug.casefold() for query in self.queries]  # some disks do not tell A from a
        repeated = sorted({query.name for query in self.queries if slugs.count(query.slug.casefold()) > 1})
        if repeated:
            raise ValueError(f"several queries are called {', '.join(repeated)}: give each a different 'sample' name")
        named = [(reference.uri, reference.label_column) for reference in self.references]
        if twice := sorted({uri for uri, column in named if named.count((uri, column)) > 1}):
            raise ValueError(f"references are listed twice: {', '.join(twice)}: list each once")
        return self

    def training(self) -> TrainingConfig:
        """Return the settings that the model and its calls depend on."""
        shared = {name: getattr(self, name) for name in AnnotationSettings.model_fields}
        return TrainingConfig(
            **shared,
            references=[reference.uri for reference in self.references],
            label_columns=[reference.label_column for reference in self.references],
        )
