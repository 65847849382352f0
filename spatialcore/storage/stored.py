"""What is known of a file in a store, and the manifest that keeps it near the file."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spatialcore.core.logging import get_logger
from spatialcore.storage.stat import Stat
from spatialcore.storage.uri import Location, canonical, parse_uri

log = get_logger(__name__)

MANIFEST_SUFFIX: Final = ".manifest.json"
PART_SUFFIX: Final = ".part"
MANIFEST_FOLDER: Final = ".spatialcore"


class StoredFile(BaseModel):
    """One file in a store, at one moment: small enough to travel between tasks.

    Parameters
    ----------
    uri
        Where it lies, without credentials.
    token
        Version token: the entity tag (S3, HTTP), the generation (GCS), or size and modification time (local).
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
    def seen(cls, location: Location, stat: Stat, sha256: str) -> "StoredFile":
        """Return what is known of a file that the store has just been asked about."""
        return cls(uri=canonical(location.uri), token=stat.token, sha256=sha256, size=stat.size or 0)


class Manifest(BaseModel):
    """What is written after a stored file itself.

    Parameters
    ----------
    file
        The file. Its token says which version the manifest speaks of.
    stored
        When it was written (UTC, ISO 8601).
    metadata
        Where it came from: source URI, data set ids, citation, licence and the like.
    """

    model_config = ConfigDict(frozen=True)

    file: StoredFile
    stored: str
    metadata: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, file: StoredFile, metadata: dict[str, Any] | None = None) -> "Manifest":
        """Return the manifest of a file just written."""
        return cls(file=file, stored=datetime.now(UTC).isoformat(timespec="seconds"), metadata=metadata or {})

    def text(self) -> str:
        """Return the manifest as JSON."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"

    @classmethod
    def parse(cls, text: str, *, origin: str) -> "Manifest | None":
        """Read a manifest; a damaged one counts as none, and is reported."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            log.warning("the manifest %s is damaged and is not used", origin)
            return None


def manifest_uri(uri: str) -> str:
    """Return the URI of a file's manifest: in a hidden folder beside a local file, beside an object in a bucket."""
    location = parse_uri(uri)
    if not location.is_local:
        return location.uri + MANIFEST_SUFFIX
    path = Path(location.path)
    return str(path.parent / MANIFEST_FOLDER / (path.name + MANIFEST_SUFFIX))


def is_ours(name: str) -> bool:
    """Tell whether a name belongs to a manifest, or to an upload or download that was not finished."""
    return name.endswith((MANIFEST_SUFFIX, PART_SUFFIX))
