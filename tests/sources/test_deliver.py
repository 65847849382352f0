"""Copy references into a store, once, with a manifest."""

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from spatialcore import storage
from spatialcore.errors import InputError
from spatialcore.sources.deliver import check_content, deliver


class CountingSource:
    """A source that counts its downloads."""

    def __init__(self, uri: str, write: Callable[[Path], None]) -> None:
        self.uri, self.name, self.write, self.downloads = uri, "a.h5ad", write, 0

    def token(self) -> str:
        return "1"

    def fetch(self, target: Path) -> dict[str, object]:
        self.downloads += 1
        self.write(target)
        return {"source": self.uri}


def write_h5ad(path: Path) -> None:
    ad.AnnData(np.eye(2)).write_h5ad(path)


def test_reference_is_downloaded_once(tmp_path: Path) -> None:
    source = CountingSource("lab://a", write_h5ad)
    for force, downloads in ((False, 1), (False, 1), (True, 2)):
        assert deliver(source, tmp_path / "out.h5ad", force=force) == str(tmp_path / "out.h5ad")
        assert source.downloads == downloads
    manifest = storage.read_manifest(tmp_path / "out.h5ad")
    assert manifest is not None
    assert manifest.metadata["source"] == "lab://a"
    assert {path.name for path in tmp_path.iterdir()} == {"out.h5ad", ".spatialcore"}


def test_other_reference_and_unknown_file_are_not_replaced(tmp_path: Path) -> None:
    deliver(CountingSource("lab://a", write_h5ad), tmp_path / "out.h5ad")
    with pytest.raises(InputError, match=r"contains lab://a, not lab://b"):
        deliver(CountingSource("lab://b", write_h5ad), tmp_path / "out.h5ad")
    (tmp_path / "mine.h5ad").write_text("results")
    with pytest.raises(InputError, match="exists and has no manifest"):
        deliver(CountingSource("lab://a", write_h5ad), tmp_path / "mine.h5ad")
    assert (tmp_path / "mine.h5ad").read_text() == "results"


def test_web_page_instead_of_hdf5(tmp_path: Path) -> None:
    page = tmp_path / "a.h5ad"
    page.write_text("<!DOCTYPE html>")
    with pytest.raises(InputError, match="not an HDF5 file: it starts with b'<!DOCTYPE html>'"):
        check_content(page, "https://host/a.h5ad")
    assert not page.exists()
    table = tmp_path / "a.csv"
    table.write_text("gene")
    check_content(table, "https://host/a.csv")
