"""URIs relative to a store."""

import pytest

from spatialcore.storage import relative, resolve, root_of


@pytest.mark.parametrize("store", ["s3://lab/store", "s3://lab/store/", "s3a://lab/store"])
def test_a_file_of_the_store_is_found_in_a_copy_of_the_store(store: str) -> None:
    recorded = relative(store, "s3://lab/store/samples/a.h5ad")
    assert recorded == "store://samples/a.h5ad"
    assert resolve("gs://lab/copy/", recorded) == "gs://lab/copy/samples/a.h5ad"


@pytest.mark.parametrize(
    "uri", ["s3://lab/other/a.h5ad", "s3://lab/store2/a.h5ad", "cellxgene://?tissue=lung", "https://example.org/a", ""]
)
def test_other_uris_are_not_changed(uri: str) -> None:
    assert relative("s3://lab/store", uri) == uri
    assert resolve("s3://lab/store", uri) == uri


def test_the_root_has_the_canonical_scheme_and_no_slash_at_its_end() -> None:
    assert root_of("s3a://lab/store/") == "s3://lab/store"
