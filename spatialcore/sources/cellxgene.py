"""Data sets of the CELLxGENE portal, and queries to the Census."""

from pathlib import Path
from typing import Final, TypedDict, Unpack
from urllib.parse import parse_qs, parse_qsl, urlencode

from spatialcore import storage
from spatialcore.errors import InputError
from spatialcore.sources.base import Metadata, Source, SourceOptions, refuse_unknown
from spatialcore.sources.catalog import check_dataset_id, find_dataset
from spatialcore.sources.census import CensusSource
from spatialcore.sources.census_query import CensusQuery
from spatialcore.sources.census_release import (
    Release,
    dataset_rows,
    describe_datasets,
    find_release,
    opened,
    release_metadata,
    require_census,
)
from spatialcore.sources.deliver import deliver

_OPTIONS: Final = ("max_cells", "random_state")
_REGION: Final = "us-west-2"


class _Sampling(TypedDict, total=False):
    max_cells: int | None
    random_state: int


def open_cellxgene(uri: str, **options: Unpack[SourceOptions]) -> Source:
    """Return the source of a ``cellxgene://`` URI.

    Parameters
    ----------
    uri
        ``cellxgene://key``, ``cellxgene://dataset/<uuid>`` (both with an optional ``?census=``), or
        ``cellxgene://?tissue=lung&disease=normal``.
    options
        ``max_cells`` and ``random_state``. Both can also be part of the URI; the options take precedence.
    """
    refuse_unknown(options, _OPTIONS, of="a CELLxGENE source")
    name, _, query = uri.partition("://")[2].partition("?")
    name = name.strip("/")
    sampling, query = _split_sampling(query)
    if "max_cells" in options:
        sampling["max_cells"] = options["max_cells"]
    if "random_state" in options:
        sampling["random_state"] = options["random_state"]
    if not name:
        return CensusSource(CensusQuery.parse(query), **sampling)
    parameters = parse_qs(query, keep_blank_values=True)
    refuse_unknown(parameters, ("census",), of="the URI of a data set")
    kind, _, identifier = name.partition("/")
    if kind == "dataset":
        dataset_id, label = check_dataset_id(identifier), identifier
    else:
        dataset_id, label = find_dataset(name).dataset_id, name
    return open_dataset(dataset_id, label, census=parameters.get("census", ["stable"])[-1], **sampling)


def _split_sampling(query: str) -> tuple[_Sampling, str]:
    """Return ``max_cells`` and ``random_state`` of a query string, and the remaining query string."""
    pairs = parse_qsl(query, keep_blank_values=True)
    sampling: _Sampling = {}
    for name, value in pairs:
        if name in _OPTIONS:
            if not value.isdecimal():
                raise InputError(f"{name}={value!r} is not a number", hint=f"write {name}=50000")
            sampling[name] = int(value)  # type: ignore[literal-required]  # _OPTIONS are the keys of _Sampling
    return sampling, urlencode([(name, value) for name, value in pairs if name not in _OPTIONS])


def open_dataset(
    dataset_id: str, label: str, *, census: str = "stable", max_cells: int | None = None, random_state: int = 42
) -> Source:
    """Return the source of a whole data set as published, or of a sample of its cells from the Census."""
    if max_cells is None:
        return DatasetSource(dataset_id, label, census=census)
    query = CensusQuery.of({"dataset_id": dataset_id}, is_primary_data=None, census=census)
    return CensusSource(query, max_cells=max_cells, random_state=random_state)


class DatasetSource:
    """The source h5ad file of a data set in the Census.

    Parameters
    ----------
    dataset_id
        Id of the data set in the portal.
    label
        Key or id, used as file name.
    census
        Census release, or the path or URI of a private Census.
    """

    def __init__(self, dataset_id: str, label: str, *, census: str = "stable") -> None:
        require_census()
        self.dataset_id = dataset_id
        self.name = f"{label}.h5ad"
        self._census = census
        self._release: Release | None = None

    @property
    def uri(self) -> str:
        """Canonical URI: the data set, and the Census release if it is not ``stable``."""
        pinned = "" if self._census == "stable" else f"?census={self._census}"
        return f"cellxgene://dataset/{self.dataset_id}{pinned}"

    def release(self) -> Release:
        """Return the Census build; it is determined once."""
        if self._release is None:
            self._release = find_release(self._census)
        return self._release

    def token(self) -> str:
        """Return the Census build; its files never change."""
        return self.release().build

    def fetch(self, target: Path) -> Metadata:
        """Download and verify the file; return its URI, citation and release."""
        release = self.release()
        with opened(release) as census:
            rows = dataset_rows(census, [self.dataset_id])
        if rows.empty:
            raise InputError(
                f"the Census {release.build} has no data set {self.dataset_id}",
                hint="it may have been replaced: search the portal, or use an older release with ?census=",
            )
        h5ad = storage.join(release.h5ads, str(rows["dataset_h5ad_path"].iloc[0]))
        if release.is_public:
            with storage.connection(h5ad, anon=True, client_kwargs={"region_name": _REGION}):
                file = storage.get(h5ad, target)
        else:
            file = storage.get(h5ad, target)
        return {
            "source": self.uri,
            "downloaded_from": file.uri,
            "downloaded_token": file.token,
            "datasets": describe_datasets(rows),
            **release_metadata(release),
        }


def download_cellxgene_reference(
    dataset: str,
    output: str | Path,
    force: bool = False,
    *,
    census: str = "stable",
    max_cells: int | None = None,
    random_state: int = 42,
) -> str:
    """Download a data set of the CELLxGENE portal.

    Parameters
    ----------
    dataset
        A key of `list_available_datasets`, or a data set id.
    output
        Path or URI of a file or folder; in a folder the file is named after the data set.
    force
        Download again even if the output exists.
    census
        ``stable``, ``latest``, a date, or the path or URI of a private Census.
    max_cells
        Download a sample of this many cells from the Census instead of the whole file.
    random_state
        Seed of the sample.

    Returns
    -------
    str
        Path or URI of the file.

    Raises
    ------
    InputError
        The key is unknown or the id is invalid.
    DependencyError
        cellxgene-census is not installed.

    Examples
    --------
    >>> download_cellxgene_reference("human_lung_cell_atlas", "references/")  # doctest: +SKIP
    'references/human_lung_cell_atlas.h5ad'
    """
    is_key = "-" not in dataset
    dataset_id = find_dataset(dataset).dataset_id if is_key else check_dataset_id(dataset)
    source = open_dataset(dataset_id, dataset, census=census, max_cells=max_cells, random_state=random_state)
    file = str(output) if str(output).endswith((".h5ad", ".h5")) else storage.join(output, f"{dataset}.h5ad")
    return deliver(source, file, force=force)
