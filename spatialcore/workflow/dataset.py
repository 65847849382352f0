"""What can be known of data without loading them: cells, features, scale, labels. The same facts for every format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore.annotation.expression import InMemory, find_expression, require_query, require_readable
from spatialcore.annotation.panel import gene_features
from spatialcore.annotation.references.profile_files import has_profiles, is_table, read_profiles
from spatialcore.annotation.references.reference import drawn_status
from spatialcore.annotation.references.taxonomy_stats import is_taxonomy_stats
from spatialcore.columns import MANIFEST, SOURCE, SPATIAL
from spatialcore.core.genes.features import gene_names
from spatialcore.core.genes.symbols import is_ensembl, shared_positions
from spatialcore.core.matrix import Matrix, open_matrix
from spatialcore.core.normalization import Status, check_normalization_status
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.sampling import draw_rows
from spatialcore.errors import InputError, SpatialCoreError
from spatialcore.io.formats import Format, identify


def _refuse_profiles(path: Path) -> AnnData:
    raise InputError(f"{path} has cell type profiles, not cells", hint="profiles can be a reference, not a query")


PROFILES = Format("cell type profiles", "genes x types", is_table, _refuse_profiles)
SAMPLED_CELLS = 2_000
MOST_TYPES = 500


@dataclass(frozen=True)
class DatasetSummary:
    """What is known of one data set.

    Parameters
    ----------
    path, format
        Where it is, and the format by name.
    platform, unit
        As the reader noted them; empty where it is not known.
    cells
        Number of cells.
    var
        The features.
    genes
        Symbols of the panel: features that are genes.
    status
        What the matrix holds.
    values_per_cell, counts_per_cell
        Mean number of stored values and median total of a cell, from a sample; total NaN without raw counts.
    coordinates, annotated
        Are there coordinates; was it annotated by this package?
    labels
        Columns of obs that may hold cell types, with the cells of each type.
    query_refusal, reference_refusal
        What a run would refuse it with, as a query or as a reference; None where it can serve.
    """

    path: Path
    format: Format
    platform: str
    unit: str
    cells: int
    var: pd.DataFrame
    genes: list[str]
    status: Status
    values_per_cell: float
    counts_per_cell: float
    coordinates: bool
    annotated: bool
    obs_columns: list[str]
    labels: dict[str, "pd.Series[int]"] = field(default_factory=dict)
    query_refusal: SpatialCoreError | None = None
    reference_refusal: SpatialCoreError | None = None

    @property
    def named_by(self) -> str:
        """How the features are named."""
        share = np.mean([is_ensembl(str(name)) for name in self.var.index])
        return "Ensembl ids" if share > 0.5 else "symbols"

    def has_genes(self, wanted: Sequence[str]) -> "NDArray[np.bool_]":
        """Say of each wanted symbol whether it is among the features, under a former name or an id too."""
        found = shared_positions(list(wanted), *gene_names(self.var))
        return np.array([len(places) > 0 for places in found], dtype=bool)


def look_at(path: str | Path) -> DatasetSummary:
    """Find out what a path holds; AnnData on disk are not loaded, platform output is.

    Raises
    ------
    FileMissingError, InputError
        As :func:`spatialcore.io.identify` and the readers have them.
    """
    place = Path(path).expanduser()
    found = identify(place)
    if found.name.startswith("AnnData"):
        with AnnDataFile(place) as file:
            return _of_file(file, place, found)
    return _of_memory(found.read(place), place, found)


def look_at_reference(path: str | Path, label_column: str) -> DatasetSummary:
    """Find out what a reference holds: cells, or profiles around which cells are drawn.

    Raises
    ------
    FileMissingError, LabelColumnError, InputError
        As :func:`look_at` and the readers of profiles have them.
    """
    file = Path(path).expanduser()
    is_profile_format = is_table(file) or is_taxonomy_stats(file)
    if not is_profile_format and not (identify(file).name.startswith("AnnData") and has_profiles(file, label_column)):
        return look_at(file)
    profiles = read_profiles(file, label_column)
    cells = profiles.cells()
    labels = pd.Series(np.asarray(profiles.labels, dtype=object)[cells])
    genes = np.arange(len(profiles.features.symbols))
    counts = profiles.draw(cells[:: max(1, len(cells) // 100)], genes, 0)
    var = pd.DataFrame({"gene_id": profiles.features.ids}, index=pd.Index(profiles.features.symbols, dtype=object))
    return DatasetSummary(
        path=file,
        format=PROFILES,
        platform="",
        unit="",
        cells=len(cells),
        var=var,
        genes=_panel(var),
        status=drawn_status(),
        coordinates=False,
        annotated=False,
        obs_columns=[label_column],
        labels={label_column: labels.value_counts()},
        query_refusal=InputError("profiles are not cells", hint="pass profiles as a reference"),
        reference_refusal=None,
        **_depth(open_matrix(counts), drawn_status()),
    )


def _of_file(file: AnnDataFile, place: Path, found: Format) -> DatasetSummary:
    status = file.status()
    source = file.read(f"uns/{SOURCE}") or {}
    var = file.var()
    return DatasetSummary(
        path=place,
        format=found,
        platform=str(source.get("platform", "")),
        unit=str(source.get("unit", "")),
        cells=file.n_obs,
        var=var,
        genes=_panel(var),
        status=status,
        coordinates=SPATIAL in file.keys("obsm"),
        annotated=MANIFEST in file.keys("uns"),
        obs_columns=file.obs_columns,
        labels=_labels_of_file(file),
        query_refusal=refusal(lambda: require_query(file)),
        reference_refusal=refusal(lambda: find_expression(file, place.name)),
        **_depth(file.gene_matrix(status["raw_source"] or "X"), status),
    )


def _of_memory(adata: AnnData, place: Path, found: Format) -> DatasetSummary:
    status = check_normalization_status(adata)
    source = adata.uns.get(SOURCE, {})
    return DatasetSummary(
        path=place,
        format=found,
        platform=source.get("platform", ""),
        unit=source.get("unit", ""),
        cells=adata.n_obs,
        var=adata.var,
        genes=_panel(adata.var),
        status=status,
        coordinates=SPATIAL in adata.obsm,
        annotated=MANIFEST in adata.uns,
        obs_columns=list(adata.obs.columns),
        labels={name: counts for name in adata.obs if (counts := _types(adata.obs[name])) is not None},
        query_refusal=refusal(lambda: require_readable(adata)),
        reference_refusal=_no_reference(found),
        **_depth(InMemory(adata).gene_matrix(status["raw_source"] or "X"), status),
    )


def refusal(check: Callable[[], object]) -> SpatialCoreError | None:
    """Return the error that a check ends in, None where it passes."""
    try:
        check()
    except SpatialCoreError as error:
        return error
    return None


def _no_reference(found: Format) -> SpatialCoreError:
    return InputError(
        f"{found.name}: references are .h5ad or AnnData .zarr", hint="write it as .h5ad, with a column of cell types"
    )


def _panel(var: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(gene_features(var)))


def _depth(matrix: Matrix, status: Status) -> dict[str, float]:
    """Return stored values and counts per cell, of a few thousand cells drawn over the whole matrix."""
    if matrix.shape[0] == 0:
        return {"values_per_cell": 0.0, "counts_per_cell": float("nan")}
    rows = draw_rows(matrix.shape[0], SAMPLED_CELLS, np.random.default_rng(0))
    values = matrix.row_sums(rows, np.ones_like).mean()
    counts = float("nan") if status["raw_source"] is None else np.median(matrix.row_sums(rows, np.abs))
    return {"values_per_cell": float(values), "counts_per_cell": float(counts)}


def _labels_of_file(file: AnnDataFile) -> dict[str, "pd.Series[int]"]:
    # a few cells tell which columns are text; only those are read whole
    few = file.obs(np.arange(min(file.n_obs, SAMPLED_CELLS)))
    text = [name for name in file.obs_columns if _is_text(few[name])]
    found = {name: _types(pd.Series(file.labels(name))) for name in text}
    return {name: counts for name, counts in found.items() if counts is not None}


def _is_text(column: "pd.Series[Any]") -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(column.dtype)


def _types(column: "pd.Series[Any]") -> "pd.Series[int] | None":
    """Count the cells of each type, if the column can be one of types: text, few values, most of them repeated."""
    if not _is_text(column):
        return None
    counts = column.astype(str)[column.notna()].value_counts()
    return counts if 2 <= len(counts) <= min(MOST_TYPES, 0.5 * len(column)) else None
