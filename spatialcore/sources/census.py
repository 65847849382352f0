"""The CELLxGENE Census: cells of many data sets, selected by tissue, disease and other columns."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.sampling import draw_by_label
from spatialcore.core.types import Ints
from spatialcore.errors import InputError
from spatialcore.sources.base import Metadata
from spatialcore.sources.census_cells import matching_cells, read_cells
from spatialcore.sources.census_query import CensusQuery
from spatialcore.sources.census_release import (
    Census,
    Release,
    dataset_rows,
    describe_datasets,
    find_release,
    opened,
    release_metadata,
    require_census,
)

if TYPE_CHECKING:
    from anndata import AnnData

log = get_logger(__name__)

_BLOCK: Final = 25_000


class CensusSource:
    """Cells of the Census that match a query.

    Parameters
    ----------
    query
        Selection of cells.
    max_cells
        Number of cells to sample, stratified by label, before expression is downloaded. None: all cells.
    random_state
        Seed of the sample.
    """

    def __init__(self, query: CensusQuery, *, max_cells: int | None = None, random_state: int = 42) -> None:
        if max_cells is not None and max_cells < 1:
            raise InputError(f"max_cells is {max_cells}, expected an integer >= 1", hint="omit it for all cells")
        require_census()
        self.query = query
        self.max_cells = max_cells
        self.random_state = random_state
        self._release: Release | None = None

    @property
    def uri(self) -> str:
        """Canonical URI: the query and the sample."""
        sample = f"&max_cells={self.max_cells}&random_state={self.random_state}" if self.max_cells else ""
        return f"cellxgene://?{self.query.text()}{sample}"

    @property
    def name(self) -> str:
        """File name, made of the values of the query."""
        words = "_".join(value for _, values in self.query.filters for value in values)
        return "census_" + "".join(c if c.isalnum() else "_" for c in words)[:60] + ".h5ad"

    def release(self) -> Release:
        """Return the Census build; it is determined once."""
        if self._release is None:
            self._release = find_release(self.query.census)
        return self._release

    def token(self) -> str:
        """Return the Census build."""
        return self.release().build

    def fetch(self, target: Path) -> Metadata:
        """Write the cells as h5ad and return their metadata."""
        with tempfile.TemporaryDirectory(prefix=".census-", dir=_folder(target)) as folder:
            parts, dataset_ids, n_matching = self._fetch_parts(Path(folder))
            joined = Path(folder) / "joined.h5ad"
            _join(parts, joined)
            joined.replace(target)
        return {"source": self.uri, "cells_found": n_matching, **self._metadata(dataset_ids)}

    def load(self) -> "AnnData":
        """Return the cells in memory."""
        with opened(self.release()) as census:
            ids, _, _ = self._choose(census)
            return read_cells(census, self.query.organism, ids)

    def _fetch_parts(self, folder: Path) -> tuple[list[Path], list[str], int]:
        parts = []
        with opened(self.release()) as census:
            ids, dataset_ids, n_matching = self._choose(census)
            for start in range(0, len(ids), _BLOCK):
                parts.append(folder / f"{start}.h5ad")
                read_cells(census, self.query.organism, ids[start : start + _BLOCK]).write_h5ad(parts[-1])
        return parts, dataset_ids, n_matching

    def _choose(self, census: Census) -> tuple[Ints, list[str], int]:
        """Return the ids of the cells to download, their data sets, and the number of cells that match the query."""
        obs = matching_cells(census, self.query)
        ids = obs["soma_joinid"].to_numpy()
        if self.max_cells is not None:
            labels = obs["cell_type"].astype(str).to_numpy(dtype=object)
            ids = draw_by_label(ids, labels, self.max_cells, np.random.default_rng(self.random_state))
        sampled = obs[obs["soma_joinid"].isin(ids)]
        log.info("downloading %d of %d matching cells", len(ids), len(obs))
        return np.sort(ids), sorted(sampled["dataset_id"].astype(str).unique()), len(obs)

    def _metadata(self, dataset_ids: list[str]) -> Metadata:
        with opened(self.release()) as census:
            rows = dataset_rows(census, dataset_ids)
        return {
            "datasets": describe_datasets(rows),
            "query": self.query.text(),
            "max_cells": self.max_cells,
            "random_state": self.random_state,
            **release_metadata(self.release()),
        }


def query_cellxgene_census(
    tissue: str | list[str] | None = None,
    disease: str | list[str] | None = None,
    *,
    organism: str = "homo_sapiens",
    cell_type: str | list[str] | None = None,
    assay: str | list[str] | None = None,
    sex: str | list[str] | None = None,
    suspension_type: str | list[str] | None = None,
    is_primary_data: bool | None = True,
    census: str = "stable",
    max_cells: int | None = None,
    random_state: int = 42,
    output: str | Path | None = None,
) -> "AnnData":
    """Return the cells of the CELLxGENE Census that match a query.

    Parameters
    ----------
    tissue, disease, cell_type, assay, sex, suspension_type
        One or several accepted values; a cell must match all given columns. ``tissue`` also matches the general tissue.
    organism
        ``homo_sapiens`` or ``mus_musculus``.
    is_primary_data
        True: each cell once. None: no filter.
    census
        ``stable``, ``latest``, a date, or the path or URI of a private Census.
    max_cells
        Number of cells to sample, in proportion to the labels, before expression is downloaded.
    random_state
        Seed of the sample.
    output
        Path or URI to which the cells are also written, as h5ad with a manifest.

    Returns
    -------
    AnnData
        Cells x genes: raw counts (CSR float32), Ensembl ids as var_names, symbols in ``var["feature_name"]``.

    Raises
    ------
    InputError
        No filter is given, or no cell matches.
    DependencyError
        cellxgene-census is not installed.

    Examples
    --------
    >>> query_cellxgene_census("lung", "normal", max_cells=10_000)  # doctest: +SKIP
    """
    filters = {
        "tissue": tissue,
        "disease": disease,
        "cell_type": cell_type,
        "assay": assay,
        "sex": sex,
        "suspension_type": suspension_type,
    }
    query = CensusQuery.of(filters, organism=organism, is_primary_data=is_primary_data, census=census)
    source = CensusSource(query, max_cells=max_cells, random_state=random_state)
    if output is None:
        return source.load()
    with tempfile.TemporaryDirectory(prefix="spatialcore-") as folder:
        local = Path(folder) / source.name
        metadata = source.fetch(local)
        storage.put(local, output, metadata=metadata)
        return _load(local)


def _load(path: Path) -> "AnnData":
    from anndata import read_h5ad

    return read_h5ad(path)


def _join(parts: list[Path], target: Path) -> None:
    """Concatenate h5ad files on disk."""
    if len(parts) == 1:
        parts[0].replace(target)
        return
    from anndata.experimental import concat_on_disk

    concat_on_disk(parts, target, join="outer", merge="same")


def _folder(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.parent
