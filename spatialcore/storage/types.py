"""What a store reports of an object, a stored file, its manifest, and the names of files that are not results."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spatialcore.core.logging import get_logger

log = get_logger(__name__)

MANIFEST_SUFFIX: Final = ".manifest.json"
PART_SUFFIX: Final = ".part"
MANIFEST_FOLDER: Final = ".spatialcore"

Metadata = dict[str, object]
"""Where a file came from: source URI, data set ids, citation, licence and the like. JSON values."""
Sink = Callable[[bytes], object]
"""Takes the next bytes of an object."""
Confirm = Callable[[], None]
"""Raises if the source of a transfer has changed since it began."""


@dataclass(frozen=True)
class Stat:
    """Size and version of one object.

    Parameters
    ----------
    token
        Version token, see `StoredFile`.
    size
        Bytes; None if an HTTP server does not report it.
    md5
        Hex MD5 if the store's own checksum is one, else empty.
    etag
        The store's entity tag without quotes, else empty.
    """

    token: str
    size: int | None
    md5: str = ""
    etag: str = ""


class StoredFile(BaseModel):
    """One version of a file in a store: small enough to pass between tasks.

    Parameters
    ----------
    uri
        URI of the file, without credentials.
    token
        Version token: the entity tag (S3, Azure, HTTP), the generation (GCS), or size and modification time (local).
    sha256
        Hex digest of its bytes.
    size
        Number of bytes.
    """

    model_config = ConfigDict(frozen=True)

    uri: str
    token: str
    sha256: str
    size: int = Field(ge=0)

    @classmethod
    def from_stat(cls, uri: str, stat: Stat, sha256: str) -> "StoredFile":
        """Return the file with this canonical URI from what the store reports of it."""
        return cls(uri=uri, token=stat.token, sha256=sha256, size=stat.size or 0)


class Manifest(BaseModel):
    """The record written after a stored file.

    Parameters
    ----------
    file
        The file. Its token names the version that the manifest describes.
    stored
        When it was written (UTC, ISO 8601).
    metadata
        Origin: source URI, data set ids, citation, licence.
    """

    model_config = ConfigDict(frozen=True)

    file: StoredFile
    stored: str
    metadata: Metadata = Field(default_factory=dict)

    @classmethod
    def of(cls, file: StoredFile, metadata: Mapping[str, object] | None = None) -> "Manifest":
        """Return the manifest of a file that was just written."""
        return cls(file=file, stored=datetime.now(UTC).isoformat(timespec="seconds"), metadata=dict(metadata or {}))

    def text(self) -> str:
        """Return the manifest as JSON."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"

    @classmethod
    def parse(cls, text: str, *, origin: str) -> "Manifest | None":
        """Read a manifest; a damaged one is reported and ignored."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            log.warning("ignoring the damaged manifest %s", origin)
            return None


def is_internal(name: str) -> bool:
    """Return whether a name is that of a manifest or of an unfinished upload or download."""
    return name.endswith((MANIFEST_SUFFIX, PART_SUFFIX))


class TruncatedError(OSError):
    """A body that is shorter or longer than the store reported. Transient."""


class AlteredError(OSError):
    """A body whose digest is not the expected one. Transient."""
