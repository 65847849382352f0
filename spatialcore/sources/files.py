"""A reference that is a file already: local, s3://, gs:// or http(s)://."""

from pathlib import Path
from typing import Any

from spatialcore import storage
from spatialcore.sources.base import Metadata, refuse_unknown


class FileSource:
    """One h5ad file in a store.

    Parameters
    ----------
    uri
        Path or URI of the file.
    """

    def __init__(self, uri: str, **options: Any) -> None:
        refuse_unknown(options, (), of="a file")
        self._uri = uri
        self._location = storage.parse_uri(uri)

    @property
    def uri(self) -> str:
        """Canonical URI."""
        return storage.canonical(self._uri)

    @property
    def name(self) -> str:
        """File name."""
        return self._location.name or "reference.h5ad"

    def token(self) -> str:
        """Entity tag, generation, or size and modification time."""
        return storage.token(self._uri)

    def fetch(self, target: Path) -> Metadata:
        """Copy the file; what its own manifest says of its origin is handed on."""
        manifest = storage.read_manifest(self._uri)
        file = storage.get(self._uri, target)
        kept = manifest.metadata if manifest else {}
        return {"source": file.uri, "source_token": file.token, **kept}
