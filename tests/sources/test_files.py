"""References that are files in a store."""

from pathlib import Path

from spatialcore import storage
from spatialcore.sources.files import FileSource


def test_file_is_copied_with_the_metadata_of_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "a.h5ad").write_text("content")
    stored = storage.put(tmp_path / "a.h5ad", "memory://files/a.h5ad", metadata={"license": "CC BY 4.0"})
    source = FileSource("memory://files/a.h5ad")
    assert source.token() == storage.token(stored.uri)
    metadata = source.fetch(tmp_path / "copy.h5ad")
    assert (tmp_path / "copy.h5ad").read_text() == "content"
    assert metadata == {"source": source.uri, "source_token": stored.token, "license": "CC BY 4.0"}
