"""Errors for missing optional packages."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.annotation import acquire_reference
from spatialcore.errors import DependencyError


@pytest.mark.parametrize(
    ("module", "source", "text"),
    [
        ("cellxgene_census", "cellxgene://?tissue=lung", "pip install cellxgene-census"),
        ("cellxgene_census", "cellxgene://human_lung_cell_atlas", "pip install cellxgene-census"),
        ("synapseclient", "synapse://syn123", "pip install synapseclient"),
        ("s3fs", "s3://bucket/a.h5ad", "pip install boto3"),
        ("gcsfs", "gs://bucket/a.h5ad", "pip install google-cloud-storage"),
    ],
)
def test_error_names_the_package(
    module: str, source: str, text: str, tmp_path: Path, hide_package: Callable[[str], None]
) -> None:
    hide_package(module)
    with pytest.raises(DependencyError, match=text) as failure:
        acquire_reference(source, tmp_path / "a.h5ad")
    assert isinstance(failure.value, ImportError)


def test_local_files_need_no_optional_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("s3fs", "gcsfs", "cellxgene_census", "synapseclient", "aiohttp"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "a").write_text("x")
    assert storage.put(tmp_path / "a", tmp_path / "b").size == 1
