"""The hand-kept tables in ``data/ontology_mappings``: tab-separated, one header line."""

from collections.abc import Iterator
from importlib.resources import files


def read_rows(name: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a table below its header, every one as wide as the header."""
    text = files("spatialcore.data").joinpath("ontology_mappings", name).read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    width = header.count("\t") + 1
    for line in lines:
        cells = line.split("\t")
        yield tuple(cells + [""] * (width - len(cells)))
