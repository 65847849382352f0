"""Data sets of the CELLxGENE portal, by key or id, and queries to its Census."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode

from spatialcore import storage
from spatialcore.errors import InputError
from spatialcore.sources.base import Metadata, Source, refuse_unknown
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


def open_cellxgene(uri: str, **options: Any) -> Source:
    """Return the source of a ``cellxgene://`` URI.

    Parameters
    ----------
    uri
        ``cellxgene://key``, ``cellxgene://dataset/<uuid>`` (both with ``?census=`` where wanted), or
        ``cellxgene://?tissue=lung&disease=normal``.
    options
        ``max_cells`` and ``random_state``; both may also stand in the URI. An option given here counts.
    """
    refuse_unknown(options, _OPTIONS, of="a CELLxGENE source")
    name, _, question = uri.partition("://")[2].partition("?")
    name = name.strip("/")
    drawn, question = _split_draw(question)
    options = drawn | options
    if not name:
        return CensusSource(CensusQuery.parse(question), **options)
    given = parse_qs(question, keep_blank_values=True)
    refuse_unknown(given, ("census",), of="a data set's URI")
    kind, _, identifier = name.partition("/")
    if kind == "dataset":
        dataset_id, label = check_dataset_id(identifier), identifier
    else:
        dataset_id, label = find_dataset(name).dataset_id, name
    return open_dataset(dataset_id, label, census=given.get("census", ["stable"])[-1], **options)


def _split_draw(question: str) -> tuple[dict[str, int], str]:
    """Take how many cells to draw, and by which seed, out of what follows the question mark."""
    pairs = parse_qsl(question, keep_blank_values=True)
    drawn = {}
    for name, value in pairs:
        if name in _OPTIONS:
            if not value.isdecimal():
                raise InputError(f"{name}={value!r} is no number", hint=f"write {name}=50000")
            drawn[name] = int(value)
    return drawn, urlencode([(name, value) for name, value in pairs if name not in _OPTIONS])


def open_dataset(
    dataset_id: str, label: str, *, census: str = "stable", max_cells: int | None = None, random_state: int = 42
) -> Source:
    """Return a whole data set as its authors published it, or a draw of its cells from the Census."""
    if max_cells is None:
        return DatasetSource(dataset_id, label, census=census)
    query = CensusQuery.of({"dataset_id": dataset_id}, is_primary_data=None, census=census)
    return CensusSource(query, max_cells=max_cells, random_state=random_state)


class DatasetSource:
    """The source h5ad of one data set in the Census.

    Parameters
    ----------
    dataset_id
        Id of the portal.
    label
        Key or id, for the file name.
    census
        Release, or the place of a Census of one's own.
    """

    def __init__(self, dataset_id: str, label: str, *, census: str = "stable") -> None:
        require_census()
        self.dataset_id = dataset_id
        self.name = f"{label}.h5ad"
        self._census = census
        self._release: Release | None = None

    @property
    def uri(self) -> str:
        """The data set, and the release where one was asked for."""
        pinned = "" if self._census == "stable" else f"?census={self._census}"
        return f"cellxgene://dataset/{self.dataset_id}{pinned}"

    def release(self) -> Release:
        """Return the build, found once."""
        if self._release is None:
            self._release = find_release(self._census)
        return self._release

    def token(self) -> str:
        """The Census build: the files of a build never change."""
        return self.release().build

    def fetch(self, target: Path) -> Metadata:
        """Download the file, resumable and checked, and keep what must be cited."""
        release = self.release()
        with opened(release) as census:
            rows = dataset_rows(census, [self.dataset_id])
        if rows.empty:
            raise InputError(
                f"the Census {release.build} has no data set {self.dataset_id}",
                hint="it may have been replaced: look it up on the portal, or pin an older release with ?census=",
            )
        place = storage.join(release.h5ads, str(rows["dataset_h5ad_path"].iloc[0]))
        if release.is_public:
            with storage.connection(place, anon=True, client_kwargs={"region_name": _REGION}):
                file = storage.get(place, target)
        else:
            file = storage.get(place, target)
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
        A file, or a folder (then the file is called after the data set). Buckets are fine.
    force
        Download again even if it is there.
    census
        ``stable``, ``latest``, a date, or the place of a Census of one's own.
    max_cells
        Draw that many cells from the Census instead of downloading the whole file.
    random_state
        Seed of the draw.

    Returns
    -------
    str
        Path or URI of the file.

    Raises
    ------
    InputError
        If the key is unknown or the id malformed.
    DependencyError
        If cellxgene-census is not installed.

    Examples
    --------
    >>> download_cellxgene_reference("human_lung_cell_atlas", "references/")  # doctest: +SKIP
    'references/human_lung_cell_atlas.h5ad'
    """
    is_key = "-" not in dataset
    dataset_id = find_dataset(dataset).dataset_id if is_key else check_dataset_id(dataset)
    source = open_dataset(dataset_id, dataset, census=census, max_cells=max_cells, random_state=random_state)
    place = str(output) if str(output).endswith((".h5ad", ".h5")) else storage.join(output, f"{dataset}.h5ad")
    return deliver(source, place, force=force)
