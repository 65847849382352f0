"""References that are files: local, s3://, gs:// or http(s)://. Opened by `spatialcore.sources.base`."""

from pathlib import Path
from typing import Unpack

from spatialcore import storage
from spatialcore.sources.base import Metadata, SourceOptions, refuse_unknown


class FileSource:
    """A file in a store.

    Parameters
    ----------
    uri
        Path or URI of the file.
    """

    def __init__(self, uri: str, **options: Unpack[SourceOptions]) -> None:
        refuse_unknown(options, (), of="the URI of a file")
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
        """Return the entity tag, the generation, or size and modification time."""
        return storage.token(self._uri)

    def fetch(self, target: Path) -> Metadata:
        """Copy the file; metadata of its manifest is kept."""
        manifest = storage.read_manifest(self._uri)
        file = storage.get(self._uri, target)
        metadata = manifest.metadata if manifest else {}
        return {"source": file.uri, "source_token": file.token, **metadata}
