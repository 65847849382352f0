"""URI schemes and options of sources."""

import pytest

from spatialcore.errors import InputError
from spatialcore.sources import open_source
from spatialcore.sources.base import refuse_unknown
from spatialcore.sources.files import FileSource


def test_unknown_schemes_and_options() -> None:
    with pytest.raises(InputError, match="cellxgene"):
        open_source("cellxgen://x")
    with pytest.raises(InputError, match="max_cells"):
        open_source("/data/a.h5ad", max_cells=3)


@pytest.mark.parametrize("uri", ["/data/lung.h5ad", "s3://bucket/lung.h5ad", "https://host/lung.h5ad?version=2"])
def test_files_of_all_stores_are_file_sources(uri: str) -> None:
    source = open_source(uri)
    assert isinstance(source, FileSource)
    assert source.name == "lung.h5ad"


def test_unsupported_options_name_similar_ones() -> None:
    refuse_unknown({"max_cells": 3}, ("max_cells",), of="a source")
    with pytest.raises(InputError, match=r"a source has no option 'max_cell'\n  -> did you mean max_cells\?"):
        refuse_unknown({"max_cell": 3}, ("max_cells", "random_state"), of="a source")
