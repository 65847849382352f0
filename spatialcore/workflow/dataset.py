"""Summarize a dataset without loading it: cells, features, scale, labels. The fields are the same for every format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore.annotation.expression.data import InMemory, var_of
from spatialcore.annotation.expression.find import ExpressionSource, measured_features
from spatialcore.annotation.expression.readable import require_query, require_readable
from spatialcore.annotation.panel import gene_features
from spatialcore.annotation.references.profile_files import has_profiles, is_table, read_profiles
from spatialcore.annotation.references.reference import drawn_counts, require_reference
from spatialcore.annotation.references.taxonomy_stats import is_taxonomy_stats
from spatialcore.annotation.run_manifest import is_annotated
from spatialcore.annotation.spillover.other_coordinates import ELEMENTS, coordinate_columns, find_coordinates
from spatialcore.columns import MANIFEST, SOURCE, SPATIAL
from spatialcore.core.entries import coordinates_in, mapping_in, n_located
from spatialcore.core.genes.features import gene_names
from spatialcore.core.genes.symbols import is_ensembl, shared_positions
from spatialcore.core.matrix import Matrix, open_matrix
from spatialcore.core.normalization import Status, check_normalization_status
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.sampling import draw_rows
from spatialcore.errors import InputError, SpatialCoreError
from spatialcore.io.anndata_files import no_features
from spatialcore.io.formats import identify
from spatialcore.io.recognition.format import Format
from spatialcore.workflow.requirements import not_a_reference


def _refuse_profiles(path: Path) -> AnnData:
    raise InputError(f"{path} has cell type profiles, not cells", hint="profiles can be a reference, not a query")


PROFILES = Format("cell type profiles", "genes x types", is_table, _refuse_profiles)
SAMPLED_CELLS = 2_000
MAX_TYPES = 500
Result = TypeVar("Result")


@dataclass(frozen=True)
class DatasetSummary:
    """Summary of one dataset.

    Parameters
    ----------
    path, format
        Path and format.
    platform, unit
        As recorded by the reader; empty if unknown.
    cells
        Number of cells.
    var
        The features.
    genes
        Symbols of the features that are genes, without control features.
    counted_genes
        Symbol and Ensembl id of every feature of the matrix that a model reads, which raw.X may be; '' for others.
    status, source
        Normalization status of the data, and the matrix that a model reads.
    values_per_cell, counts_per_cell
        Mean number of stored values and median total counts per cell, of a sample of cells. NaN without raw counts.
    located, annotated
        Number of cells with coordinates, and whether this package annotated it.
    labels
        Columns of obs that may hold cell types, with the number of cells per type.
    query_refusal, reference_refusal
        The error that a run would raise for it as a query or as a reference; None if it can be used.
    """

    path: Path
    format: Format
    platform: str
    unit: str
    cells: int
    var: pd.DataFrame
    genes: list[str]
    counted_genes: tuple[list[str], list[str]]
    status: Status
    source: str
    values_per_cell: float
    counts_per_cell: float
    located: int
    annotated: bool
    obs_columns: list[str]
    labels: dict[str, "pd.Series[int]"] = field(default_factory=dict)
    query_refusal: SpatialCoreError | None = None
    reference_refusal: SpatialCoreError | None = None

    @property
    def coordinates(self) -> bool:
        """Whether some cells have coordinates."""
        return self.located > 0

    @property
    def named_by(self) -> str:
        """How the features are named."""
        share = np.mean([is_ensembl(str(name)) for name in self.var.index])
        return "Ensembl ids" if share > 0.5 else "symbols"

    def has_genes(self, genes: Sequence[str]) -> "NDArray[np.bool_]":
        """Return whether each gene is among the features. Previous symbols and Ensembl ids also match."""
        positions = shared_positions(list(genes), *self.counted_genes)
        return np.array([len(columns) > 0 for columns in positions], dtype=bool)


def summarize_dataset(path: str | Path) -> DatasetSummary:
    """Summarize a dataset. AnnData files are not loaded, platform outputs are.

    Raises
    ------
    FileMissingError, InputError
        As raised by :func:`spatialcore.io.identify` and the readers.
    """
    path = Path(path).expanduser()
    data_format = identify(path)
    if data_format.name.startswith("AnnData"):
        with AnnDataFile(path) as file:
            return _of_file(file, path, data_format)
    return _of_memory(data_format.read(path), path, data_format)


def summarize_reference(path: str | Path, label_column: str) -> DatasetSummary:
    """Summarize a reference: cells, or profiles from which cells are simulated.

    Raises
    ------
    FileMissingError, LabelColumnError, InputError
        As raised by :func:`summarize_dataset` and the readers of profiles.
    """
    file = Path(path).expanduser()
    is_profile_format = is_table(file) or is_taxonomy_stats(file)
    if not is_profile_format and not (identify(file).name.startswith("AnnData") and has_profiles(file, label_column)):
        return summarize_dataset(file)
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
        counted_genes=gene_names(var),
        status=drawn_counts().status,
        source="X",
        located=0,
        annotated=False,
        obs_columns=list(dict.fromkeys([label_column, *profiles.levels])),
        labels={label_column: labels.value_counts()},
        query_refusal=InputError("profiles are not cells", hint="pass profiles as a reference"),
        reference_refusal=None,
        **_depth(open_matrix(counts), drawn_counts().status),
    )


def _of_file(file: AnnDataFile, path: Path, data_format: Format) -> DatasetSummary:
    status = file.status()
    source = mapping_in({SOURCE: file.read(f"uns/{SOURCE}")}, SOURCE)
    n_located, unit = _located(file)
    expression, refused = _attempt(lambda: _require_query_file(file))
    matrix = expression.source if expression else status["raw_source"] or "X"
    var = file.var_of(matrix) if expression and expression.replaces_x else file.var()
    return DatasetSummary(
        path=path,
        format=data_format,
        platform=str(source.get("platform", "")),
        unit=str(source.get("unit", "") or unit),
        cells=file.n_obs,
        var=var,
        genes=_panel(var),
        counted_genes=gene_names(file.var_of(matrix)),
        status=status,
        source=matrix,
        located=n_located,
        annotated="model_sha256" in file.keys(f"uns/{MANIFEST}"),
        obs_columns=file.obs_columns,
        labels=_labels_of_file(file),
        query_refusal=refused,
        reference_refusal=refusal(lambda: require_reference(file)),
        **_depth(file.gene_matrix(matrix) if matrix in file.sources() else None, status),
    )


def _located(file: AnnDataFile) -> tuple[int, str]:
    """Return the number of cells with coordinates, in obsm["spatial"] or elsewhere, and the unit of those elsewhere."""
    rows = np.arange(file.n_obs)
    names = pd.Index(rows.astype(str))
    elements = {}
    for key in file.keys("obsm"):
        if key == SPATIAL or key.lower() in ELEMENTS:
            element = file.read(f"obsm/{key}")
            if getattr(element, "shape", ())[:1] == (file.n_obs,):
                elements[key] = element.set_axis(names) if isinstance(element, pd.DataFrame) else element
    plain = AnnData(obs=pd.DataFrame(index=names), obsm=elements)
    if n := n_located(coordinates_in(plain)):
        return n, ""
    plain.obs = file.obs(rows, coordinate_columns(file.obs_columns)).set_axis(names)
    coordinates = find_coordinates(plain)
    return (0, "") if coordinates is None else (n_located(coordinates.values), coordinates.unit)


def _require_query_file(file: AnnDataFile) -> ExpressionSource:
    if file.n_vars == 0:
        raise no_features(file.path)
    file.require_elements()
    return require_query(file)


def _of_memory(adata: AnnData, path: Path, data_format: Format) -> DatasetSummary:
    status = check_normalization_status(adata)
    expression, refused = _attempt(lambda: require_readable(adata))
    matrix = expression.source if expression else status["raw_source"] or "X"
    source = mapping_in(adata.uns, SOURCE)
    var = measured_features(adata)
    return DatasetSummary(
        path=path,
        format=data_format,
        platform=source.get("platform", ""),
        unit=source.get("unit", ""),
        cells=adata.n_obs,
        var=var,
        genes=_panel(var),
        status=status,
        source=matrix,
        located=n_located(coordinates_in(adata)),
        annotated=is_annotated(adata.uns),
        obs_columns=list(adata.obs.columns),
        labels={name: counts for name in adata.obs if (counts := _types(adata.obs[name])) is not None},
        query_refusal=refused,
        reference_refusal=not_a_reference(data_format, path),
        counted_genes=gene_names(var_of(adata, matrix)),
        **_depth(InMemory(adata).gene_matrix(matrix) if adata.n_obs else None, status),
    )


def refusal(check: Callable[[], object]) -> SpatialCoreError | None:
    """Return the error that a check raises, or None if it passes."""
    return _attempt(check)[1]


def _attempt(check: Callable[[], Result]) -> tuple[Result | None, SpatialCoreError | None]:
    """Return the result of a check and None, or None and the error that it raises."""
    try:
        return check(), None
    except SpatialCoreError as error:
        return None, error


def _panel(var: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(gene_features(var)))


def _depth(matrix: Matrix | None, status: Status) -> dict[str, float]:
    """Return stored values and counts per cell, of a random sample of cells."""
    if matrix is None or matrix.shape[0] == 0:
        return {"values_per_cell": 0.0, "counts_per_cell": float("nan")}
    rows = draw_rows(matrix.shape[0], SAMPLED_CELLS, np.random.default_rng(0))
    values = matrix.row_sums(rows, np.ones_like).mean()
    counts = float("nan") if status["raw_source"] is None else np.median(matrix.row_sums(rows, np.abs))
    return {"values_per_cell": float(values), "counts_per_cell": float(counts)}


def _labels_of_file(file: AnnDataFile) -> dict[str, "pd.Series[int]"]:
    # the dtype of a few rows shows which columns are text; only those are read in full
    sampled = file.obs(np.arange(min(file.n_obs, SAMPLED_CELLS)))
    text = [name for name in file.obs_columns if _is_text(sampled[name])]
    types = {name: _types(pd.Series(file.labels(name))) for name in text}
    return {name: counts for name, counts in types.items() if counts is not None}


def _is_text(column: "pd.Series[Any]") -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(column.dtype)


def _types(column: "pd.Series[Any]") -> "pd.Series[int] | None":
    """Count the cells per type of a column that can hold types: text with few distinct values. Otherwise None."""
    if not _is_text(column):
        return None
    counts = column.astype(str)[column.notna()].value_counts()
    return counts if 2 <= len(counts) <= min(MAX_TYPES, 0.5 * len(column)) else None
