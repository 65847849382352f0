"""View configuration of Vitessce."""

from collections.abc import Iterator
from typing import Any

from spatialcore import columns
from spatialcore.io.vitessce.view_config import view_config


def paths_of(config: dict[str, Any]) -> Iterator[str]:
    for file in config["datasets"][0]["files"]:
        for option in file["options"].values():
            yield from (part["path"] for part in (option if isinstance(option, list) else [option]))


def test_no_views_without_genes_and_confidence() -> None:
    config = view_config("a", "", colors={"x": "#000000"}, types=["x"], genes=[], columns=[columns.CELL_TYPE])
    assert [view["component"] for view in config["layout"]] == ["scatterplot", "obsSets", "obsSetSizes"]
    assert list(paths_of(config)) == ["obsm/map", "obs/cell_type"]
