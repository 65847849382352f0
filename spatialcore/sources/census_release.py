"""Builds of the CELLxGENE Census: which one a name means, how it is opened, what it says of itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from spatialcore.errors import DependencyError, FileMissingError
from spatialcore.sources.base import Metadata
from spatialcore.sources.census_query import literal
from spatialcore.sources.deadline import within
from spatialcore.storage.faults import attempt

if TYPE_CHECKING:
    import pandas as pd

_BUFFER: Final = 128 << 20
_DEADLINE: Final = 120.0


@dataclass(frozen=True)
class Release:
    """One build of the Census.

    Parameters
    ----------
    build
        Its date; ``stable`` and ``latest`` become the date that they mean today.
    uri
        Where its SOMA collection lies; None for a public release, which the client library finds.
    h5ads
        The folder with the source files of its data sets.
    """

    build: str
    uri: str | None
    h5ads: str

    @property
    def is_public(self) -> bool:
        """Whether it is one of CZI's own, which are read without signing in."""
        return self.uri is None


def require_census() -> Any:
    """Return the client library of the Census.

    Raises
    ------
    DependencyError
        If it is not installed.
    """
    try:
        import cellxgene_census
    except ImportError:
        missing = DependencyError(
            "cellxgene-census is needed for cellxgene:// URIs: pip install cellxgene-census",
            hint="or install the extra: spatialcore-celltyping[census]",
        )
        raise missing from None
    return cellxgene_census


def find_release(census: str) -> Release:
    """Return the build that a release name, path or URI means.

    Raises
    ------
    FileMissingError
        If there is no such release; the known ones are named.
    """
    client = require_census()
    if "/" in census:
        root = census.rstrip("/")
        h5ads = f"{root.rpartition('/')[0]}/h5ads"
        return Release(build=_facts(Release("", root, h5ads))["census_build_date"], uri=root, h5ads=h5ads)
    known = attempt(lambda: within(_DEADLINE, client.get_census_version_directory), what="ask for the Census releases")
    if census not in known:
        near = get_close_matches(census, known, n=3, cutoff=0.3) or list(known)[:5]
        raise FileMissingError(f"no Census release is called {census!r}", hint=f"near: {', '.join(near)}")
    description = known[census]
    return Release(build=str(description["release_build"]), uri=None, h5ads=str(description["h5ads"]["uri"]))


@contextmanager
def opened(release: Release) -> Iterator[Any]:
    """Open a build for reading."""
    client = require_census()
    config = {"py.init_buffer_bytes": _BUFFER, "soma.init_buffer_bytes": _BUFFER, **_s3_settings(release)}

    def once() -> Any:
        if release.uri is not None:
            return client.open_soma(uri=release.uri, tiledb_config=config)
        return client.open_soma(census_version=release.build, tiledb_config=config)

    what = f"open the Census {release.uri or release.build}"
    census = attempt(lambda: within(_DEADLINE, once), what=what)
    try:
        yield census
    finally:
        census.close()


def _s3_settings(release: Release) -> dict[str, str]:
    """Return the settings for a Census in one's own bucket; keys come from the environment, by TileDB itself."""
    if release.is_public or not str(release.uri).startswith("s3://"):
        return {}
    region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"
    settings = {"vfs.s3.no_sign_request": "false", "vfs.s3.region": region}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        scheme, _, host = endpoint.partition("://")
        settings |= {
            "vfs.s3.endpoint_override": host.rstrip("/"),
            "vfs.s3.scheme": scheme,
            "vfs.s3.use_virtual_addressing": "false",
        }
    return settings


def _facts(release: Release) -> dict[str, str]:
    """Return what a build says of itself: date, schema versions."""
    with opened(release) as census:
        table = read_table(census["census_info"]["summary"])
    return {str(label): str(value) for label, value in zip(table["label"], table["value"], strict=True)}


def dataset_rows(census: Any, dataset_ids: list[str]) -> "pd.DataFrame":
    """Return the Census's table of these data sets."""
    value_filter = f"dataset_id in [{', '.join(literal(name) for name in sorted(dataset_ids))}]"
    return read_table(census["census_info"]["datasets"], value_filter=value_filter)


def describe_datasets(rows: "pd.DataFrame") -> list[dict[str, str]]:
    """Return what must be cited: id, title, collection, DOI, citation of each data set."""
    columns = ("dataset_id", "dataset_title", "collection_name", "collection_doi", "citation", "dataset_version_id")
    there = [name for name in columns if name in rows.columns]
    return [{name: str(row[name]) for name in there} for _, row in rows.sort_values("dataset_id").iterrows()]


def release_metadata(release: Release) -> Metadata:
    """Return build, schema version and licence for a manifest."""
    facts = _facts(release)
    return {
        "census_build": release.build,
        "census_schema_version": facts.get("census_schema_version", ""),
        "dataset_schema_version": facts.get("dataset_schema_version", ""),
        "license": "CC BY 4.0",
    }


def read_table(table: Any, **how: Any) -> "pd.DataFrame":
    """Return rows of a table of the Census; a fault of the network is tried again."""

    def once() -> "pd.DataFrame":
        frame: pd.DataFrame = table.read(**how).concat().to_pandas()
        return frame

    return attempt(once, what=f"read {table.uri}")
