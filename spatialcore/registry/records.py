"""Records of the registry: a published version, and the pointer to the version in use."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from spatialcore.core.text.names import slug_of
from spatialcore.storage import StoredFile


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelVersion(_Record):
    """A published model; the content of ``version.json``."""

    tissue: str
    version: str
    uri: str
    published: datetime
    artifact: str
    files: tuple[StoredFile, ...]
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def model_uri(self) -> str:
        """URI of the .pkl."""
        return f"{self.uri}/{self.artifact}"

    @property
    def contents(self) -> dict[str, StoredFile]:
        """Files by their name in the folder of the version."""
        folder = f"/{slug_of(self.tissue)}/{self.version}/"
        return {file.uri.rpartition(folder)[2]: file for file in self.files}

    @property
    def model_files(self) -> dict[str, StoredFile]:
        """Files of the model, the .pkl first; the version is their digest."""
        contents, stem = self.contents, self.artifact.rpartition(".")[0]
        sidecars = sorted(name for name in contents if name.startswith(f"{stem}_") and name.endswith(".json"))
        return {name: contents[name] for name in [self.artifact, *sidecars]}


class Move(_Record):
    """One move of the pointer."""

    version: str
    when: datetime
    reason: str = ""


class Pointer(_Record):
    """Version in use of the model of a tissue, and the history of moves, the last move last."""

    tissue: str
    version: str
    moves: tuple[Move, ...]

    @property
    def previous(self) -> str | None:
        """The version that was in use before."""
        return next((move.version for move in reversed(self.moves) if move.version != self.version), None)
