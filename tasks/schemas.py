"""Typed results that tasks pass to each other: URIs, digests and a few values, never the data."""

from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from spatialcore import storage
from spatialcore.core.provenance import digest_of
from spatialcore.storage import StoredFile


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceVersion(_Frozen):
    """One version of a reference.

    Parameters
    ----------
    uri
        As in the configuration, without credentials.
    token
        Version token: entity tag, generation, size and time, Synapse version or Census build.
    label_column
        The obs column with its labels.
    """

    uri: str
    token: str
    label_column: str

    @property
    def identity(self) -> str:
        """Digest of the version and of the label column."""
        return digest_of([self.uri, self.token, self.label_column])

    def within(self, store: str) -> Self:
        """Return the version with a URI relative to the store, if the reference is in the store."""
        return self.model_copy(update={"uri": storage.relative(store, self.uri)})


class StageResult(_Frozen):
    """The result of a stage: files in the store and a few values. Each stage has its own subclass.

    Parameters
    ----------
    phase
        Name of the stage.
    key
        Cache key of the result.
    files
        File name -> URI, size and sha256.
    facts
        Small values, such as numbers of cells and genes or names of classes.
    """

    STAGE: ClassVar[str]

    phase: str
    key: str
    files: dict[str, StoredFile]
    facts: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Digest of the content, independent of the key."""
        return digest_of({name: file.sha256 for name, file in self.files.items()})


class _OfSample(StageResult):
    """The result of a stage that runs once per sample."""

    @property
    def sample(self) -> str:
        """Name of the sample."""
        return str(self.facts["sample"])

    @property
    def source(self) -> str:
        """URI and version of the query."""
        return str(self.facts["source"])


class QueryCells(_OfSample):
    """A query as h5ad."""

    STAGE = "read_query"
    DATA: ClassVar[str] = "query.h5ad"

    @property
    def data(self) -> StoredFile:
        """The cells with their counts."""
        return self.files[self.DATA]


class Panel(StageResult):
    """The genes that all queries measure, and a sample of their cells."""

    STAGE = "gather"
    GENES: ClassVar[str] = "panel.txt"
    CELLS: ClassVar[str] = "sample.h5ad"

    @property
    def genes(self) -> StoredFile:
        """Gene symbols, one per line."""
        return self.files[self.GENES]

    @property
    def cells(self) -> StoredFile | None:
        """Cells of all queries, from which the platform is estimated; None without them."""
        return self.files.get(self.CELLS)


class CombinedReferences(StageResult):
    """Reference cells x panel genes."""

    STAGE = "combine"
    COUNTS: ClassVar[str] = "combined.h5ad"

    @property
    def counts(self) -> StoredFile:
        """The only file with the counts of the references; later stages refer to it."""
        return self.files[self.COUNTS]


class MappedLabels(CombinedReferences):
    """Reference cells with their Cell Ontology terms."""

    STAGE = "map_ontology"
    CELLS: ClassVar[str] = "mapped.h5ad"
    TABLE: ClassVar[str] = "label_mapping.csv"

    @property
    def cells(self) -> StoredFile:
        """The cells without counts."""
        return self.files[self.CELLS]

    @property
    def mapping(self) -> StoredFile | None:
        """The table label -> term; None where labels are not mapped."""
        return self.files.get(self.TABLE)


class HeldOutSplit(MappedLabels):
    """Reference cells, split into training cells and held-out cells."""

    STAGE = "hold_out"
    HELD_OUT: ClassVar[str] = "held_out.h5ad"

    @property
    def held_out(self) -> StoredFile:
        """The held-out cells without counts."""
        return self.files[self.HELD_OUT]


class TrainingCells(CombinedReferences):
    """The balanced cells that the model is trained on."""

    STAGE = "balance"
    CELLS: ClassVar[str] = "balanced.h5ad"
    MANIFEST: ClassVar[str] = "training.json"

    @property
    def cells(self) -> StoredFile:
        """The cells without counts."""
        return self.files[self.CELLS]

    @property
    def manifest(self) -> StoredFile:
        """The part of the run manifest that describes the training cells."""
        return self.files[self.MANIFEST]


class TrainedModel(StageResult):
    """The files of a model."""

    STAGE = "train"

    @property
    def artifact(self) -> str:
        """Name of the .pkl."""
        return str(self.facts["artifact"])

    @property
    def model_files(self) -> list[str]:
        """Names of the model's own files, the .pkl first."""
        return [self.artifact, *sorted(name for name in self.files if name.endswith(".json"))]


@dataclass(frozen=True)
class TrainingStages:
    """Results of the training stages; `held_out` is None if no cells were held out.

    In a flow, a result may still be the state of its task, which Prefect resolves when the record is passed to a task.
    """

    panel: Panel
    mapped: MappedLabels
    held_out: HeldOutSplit | None
    training: TrainingCells
    model: TrainedModel


class CellCalls(QueryCells):
    """The call of every cell, before filtering by confidence."""

    STAGE = "annotate"
    CALLS: ClassVar[str] = "calls.h5ad"

    @property
    def calls(self) -> StoredFile:
        """The cells with their calls, without counts."""
        return self.files[self.CALLS]


class AnnotatedSample(_OfSample):
    """The output files of a sample."""

    STAGE = "keep_confident"
    DATA: ClassVar[str] = "annotated.h5ad"

    @property
    def data(self) -> StoredFile:
        """The annotated cells."""
        return self.files[self.DATA]


class SamplePlots(StageResult):
    """Plots and report of a sample."""

    STAGE = "plot"


class ClassScore(_Frozen):
    """F1 of one class on held-out cells, for the new model and the one in use."""

    cell_type: str
    cells: int
    challenger: float
    champion: float


class ModelComparison(_Frozen):
    """A new model compared with the one in use.

    Parameters
    ----------
    scores
        Macro-F1 of ``challenger`` and ``champion`` on held-out cells; empty without a champion.
    classes
        The same per class.
    lost, gained
        Classes that only the champion has, and only the challenger.
    """

    scores: dict[str, float] = Field(default_factory=dict)
    classes: tuple[ClassScore, ...] = ()
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()


Sample = tuple[AnnotatedSample, SamplePlots | None]
"""The annotated data of a sample, and its plots; None where plots are switched off."""


class SampleFiles(_Frozen):
    """One sample of a published run.

    Parameters
    ----------
    sample
        Name of the sample.
    source
        URI and version of the query.
    n_obs, n_assigned, composition
        Number of cells, of cells with a call, and of cells per call.
    files
        Data, calls, plots and report.
    """

    sample: str
    source: str = ""
    n_obs: int
    n_assigned: int
    composition: dict[str, int]
    files: dict[str, StoredFile]


class RunManifest(_Frozen):
    """The content of ``runs/{run id}/manifest.json``: all results of a run, written last."""

    run_id: str
    tissue: str
    config_digest: str
    references: tuple[SourceVersion, ...]
    model_version: str
    model: dict[str, StoredFile]
    label_mapping: StoredFile | None
    samples: tuple[SampleFiles, ...]
    cohort: StoredFile | None = None
    uri: str
