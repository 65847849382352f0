"""What travels between tasks: where a result lies and what is in it. Never the data itself."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from spatialcore import storage
from spatialcore.core.provenance import digest_of
from spatialcore.storage import StoredFile


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceVersion(_Frozen):
    """One version of a reference: enough to tell whether anything changed.

    Parameters
    ----------
    uri
        As the configuration has it, without credentials.
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
        """The version, and how it is read."""
        return digest_of([self.uri, self.token, self.label_column])

    def within(self, store: str) -> Self:
        """Return the same version, named from the store's root where it lies in the store."""
        return self.model_copy(update={"uri": storage.relative(store, self.uri)})


class StageResult(_Frozen):
    """What a phase left in the store.

    Parameters
    ----------
    phase, key
        Which phase, and the cache key of this very result.
    files
        File name -> where it lies, its size and sha256.
    facts
        Small numbers and names worth showing: cells, genes, classes.
    """

    phase: str
    key: str
    files: dict[str, StoredFile]
    facts: dict[str, Any] = Field(default_factory=dict)

    @property
    def identity(self) -> str:
        """The content, whatever key it was made under."""
        return digest_of({name: file.sha256 for name, file in self.files.items()})


Sample = tuple[StageResult, StageResult | None]
"""Kept calls of a sample, and its plots where they were asked for."""


class SampleFiles(_Frozen):
    """One annotated sample where users find it.

    Parameters
    ----------
    sample
        Its name.
    source
        URI and version of what was annotated.
    n_obs, n_assigned, composition
        Cells, cells with a call, cells of each call.
    files
        Where data, calls, plots and report lie.
    """

    sample: str
    source: str = ""
    n_obs: int
    n_assigned: int
    composition: dict[str, int]
    files: dict[str, StoredFile]


class RunManifest(_Frozen):
    """What ``runs/{run id}/manifest.json`` holds: everything that a run left, written last."""

    run_id: str
    tissue: str
    config_digest: str
    references: tuple[SourceVersion, ...]
    model_version: str
    model: dict[str, StoredFile]
    label_mapping: StoredFile | None
    samples: tuple[SampleFiles, ...]
    uri: str
