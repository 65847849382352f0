"""Builds of the CELLxGENE Census: resolve release names, open builds, and read their metadata."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from spatialcore.errors import DependencyError, FileMissingError
from spatialcore.sources.base import Metadata
from spatialcore.sources.census_query import literal
from spatialcore.sources.deadline import within
from spatialcore.storage.retry import attempt
from spatialcore.storage.uri import parse_uri

if TYPE_CHECKING:
    import pandas as pd

Census = Any
"""An open SOMA collection: a mapping of names to collections and tables."""

_BUFFER: Final = 128 << 20
_DEADLINE: Final = 120.0


@dataclass(frozen=True)
class Release:
    """One build of the Census.

    Parameters
    ----------
    build
        Date of the build; ``stable`` and ``latest`` are resolved to a date.
    uri
        URI of the SOMA collection; None for a public release, which the client library locates.
    h5ads
        Folder with the source files of the data sets.
    """

    build: str
    uri: str | None
    h5ads: str

    @property
    def is_public(self) -> bool:
        """Whether it is a public release of CZI, which is read without credentials."""
        return self.uri is None


def require_census() -> ModuleType:
    """Return the client library cellxgene_census.

    Raises
    ------
    DependencyError
        The library is not installed.
    """
    try:
        import cellxgene_census
    except ImportError:
        missing = DependencyError(
            "cellxgene-census is needed for cellxgene:// URIs: pip install cellxgene-census",
            hint="or install the extra: pip install 'spatialcore-celltyping[census]'",
        )
        raise missing from None
    client: ModuleType = cellxgene_census
    return client


def find_release(census: str) -> Release:
    """Return the build of a release name, path or URI.

    Raises
    ------
    FileMissingError
        There is no such release; the hint names similar releases.
    """
    client = require_census()
    if "/" in census:
        root = census.rstrip("/")
        h5ads = f"{root.rpartition('/')[0]}/h5ads"
        return Release(build=_summary(Release("", root, h5ads))["census_build_date"], uri=root, h5ads=h5ads)
    releases = attempt(lambda: within(_DEADLINE, client.get_census_version_directory), what="list the Census releases")
    if census not in releases:
        near = get_close_matches(census, releases, n=3, cutoff=0.3) or list(releases)[:5]
        raise FileMissingError(f"unknown Census release {census!r}", hint=f"available: {', '.join(near)}")
    description = releases[census]
    return Release(build=str(description["release_build"]), uri=None, h5ads=str(description["h5ads"]["uri"]))


@contextmanager
def opened(release: Release) -> Iterator[Census]:
    """Open a build for reading."""
    client = require_census()
    config: dict[str, Any] = {"py.init_buffer_bytes": _BUFFER, "soma.init_buffer_bytes": _BUFFER}
    sign_in = ""
    if release.uri is not None:
        backend = parse_uri(release.uri).backend
        config, sign_in = config | backend.tiledb_config(), backend.sign_in

    def open_soma() -> Census:
        if release.uri is not None:
            return client.open_soma(uri=release.uri, tiledb_config=config)
        return client.open_soma(census_version=release.build, tiledb_config=config)

    what = f"open the Census {release.uri or release.build}"
    census = attempt(lambda: within(_DEADLINE, open_soma), what=what, sign_in=sign_in)
    try:
        yield census
    finally:
        census.close()


def _summary(release: Release) -> dict[str, str]:
    """Return the summary of a build: date and schema versions."""
    with opened(release) as census:
        table = read_table(census["census_info"]["summary"])
    return {str(label): str(value) for label, value in zip(table["label"], table["value"], strict=True)}


def dataset_rows(census: Census, dataset_ids: list[str]) -> "pd.DataFrame":
    """Return the rows of these data sets in the table of data sets of the Census."""
    value_filter = f"dataset_id in [{', '.join(literal(name) for name in sorted(dataset_ids))}]"
    return read_table(census["census_info"]["datasets"], value_filter=value_filter)


def describe_datasets(rows: "pd.DataFrame") -> list[dict[str, str]]:
    """Return id, title, collection, DOI and citation of each data set."""
    columns = ("dataset_id", "dataset_title", "collection_name", "collection_doi", "citation", "dataset_version_id")
    available = [name for name in columns if name in rows.columns]
    return [{name: str(row[name]) for name in available} for _, row in rows.sort_values("dataset_id").iterrows()]


def release_metadata(release: Release) -> Metadata:
    """Return build, schema versions and licence, for a manifest."""
    summary = _summary(release)
    return {
        "census_build": release.build,
        "census_schema_version": summary.get("census_schema_version", ""),
        "dataset_schema_version": summary.get("dataset_schema_version", ""),
        "license": "CC BY 4.0",
    }


def read_table(table: Any, **options: str | list[str]) -> "pd.DataFrame":
    """Return rows of a table of the Census; network errors are retried."""

    def read() -> "pd.DataFrame":
        frame: pd.DataFrame = table.read(**options).concat().to_pandas()
        return frame

    return attempt(read, what=f"read {table.uri}")
