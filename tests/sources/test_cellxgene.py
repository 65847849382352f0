"""cellxgene:// URIs: keys, ids, queries, samples and errors."""

import pytest

from spatialcore.errors import InputError
from spatialcore.sources.cellxgene import DatasetSource, open_cellxgene
from spatialcore.sources.census import CensusSource

HLCA = "f72958f5-7f42-4ebb-98da-445b0c6de516"

pytest.importorskip("cellxgene_census")


@pytest.mark.parametrize(
    ("uri", "canonical"),
    [
        ("cellxgene://human_lung_cell_atlas", f"cellxgene://dataset/{HLCA}"),
        (f"cellxgene://dataset/{HLCA}?census=2025-01-30", f"cellxgene://dataset/{HLCA}?census=2025-01-30"),
        ("cellxgene://?tissue=lung&disease=normal", "cellxgene://?disease=normal&tissue=lung"),
        ("cellxgene://?tissue=lung&max_cells=50", "cellxgene://?tissue=lung&max_cells=50&random_state=42"),
    ],
)
def test_canonical_uri(uri: str, canonical: str) -> None:
    assert open_cellxgene(uri).uri == canonical


def test_sample_of_a_data_set_is_a_query() -> None:
    source = open_cellxgene(f"cellxgene://dataset/{HLCA}", max_cells=50, random_state=1)
    assert isinstance(source, CensusSource)
    assert source.uri == f"cellxgene://?dataset_id={HLCA}&is_primary_data=any&max_cells=50&random_state=1"
    assert isinstance(open_cellxgene(f"cellxgene://dataset/{HLCA}"), DatasetSource)


def test_option_precedes_the_uri() -> None:
    source = open_cellxgene("cellxgene://?tissue=lung&max_cells=50", max_cells=7)
    assert isinstance(source, CensusSource)
    assert source.max_cells == 7


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("cellxgene://human_lung", "did you mean human_lung_cell_atlas"),
        ("cellxgene://dataset/1", "invalid CELLxGENE data set id"),
        ("cellxgene://human_lung_cell_atlas?cencus=latest", "did you mean census"),
        ("cellxgene://?tissue=lung&max_cells=many", "max_cells='many' is not a number"),
        ("cellxgene://?tissue=lung&max_cells=0", "max_cells is 0, expected an integer >= 1"),
    ],
)
def test_invalid_uris(uri: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_cellxgene(uri)
