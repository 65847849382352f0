"""Describe a dataset or a model: platform, genes, normalization, and whether it can be a query or a reference."""

from collections.abc import Mapping
from pathlib import Path

from spatialcore.errors import SpatialCoreError
from spatialcore.workflow.dataset import DatasetSummary, summarize_dataset
from spatialcore.workflow.states import DataState, ModelState, Overlap, overlap


def inspect_data(path: str | Path, *, against: Mapping[str, Path] | None = None) -> DataState:
    """Describe a dataset and whether it can be a query or a reference.

    Parameters
    ----------
    path
        Anything that :func:`spatialcore.io.read_spatial` reads.
    against
        References, models (.pkl) or panels (.csv) to compare the genes with: display name -> path.

    Raises
    ------
    FileMissingError, InputError
        The path does not exist, or its format cannot be read.
    """
    summary = summarize_dataset(path)
    has_counts = summary.counts_per_cell == summary.counts_per_cell
    return DataState(
        path=str(path),
        format=summary.format.name,
        platform=summary.platform,
        cells=summary.cells,
        features=len(summary.var),
        genes=len(summary.genes),
        named_by=summary.named_by,
        x=summary.status["x_state"],
        raw_counts=summary.status["raw_source"] or "",
        median_counts_per_cell=summary.counts_per_cell if has_counts else None,
        coordinates=f"yes{', in ' + summary.unit if summary.unit else ''}" if summary.coordinates else "none",
        annotated=summary.annotated,
        query=_as_query(summary),
        reference=_as_reference(summary),
        label_columns={name: len(counts) for name, counts in summary.labels.items()},
        matches={name: _match(summary, genes_of(other)) for name, other in (against or {}).items()},
    )


def inspect_model(path: str | Path, *, against: Mapping[str, Path] | None = None) -> ModelState:
    """Describe a model, without running code from its file.

    Parameters
    ----------
    path
        A model's .pkl.
    against
        Datasets, panels or models to compare the model's genes with: display name -> path.
    """
    from spatialcore.annotation.model.artifact import load_model

    model = load_model(path)
    genes = list(model.genes)
    return ModelState(
        path=str(path),
        classes=list(model.classes),
        genes=len(model.genes),
        target_sum=model.target_sum,
        calibrated=model.calibration is not None,
        sha256=model.sha256,
        matches={name: overlap(_has(other, genes), len(genes)) for name, other in (against or {}).items()},
    )


def genes_of(path: str | Path) -> list[str]:
    """Return the genes of a model (.pkl), a panel (.csv, .tsv, .txt) or a dataset, as symbols."""
    suffix = Path(path).suffix.lower()
    if suffix == ".pkl":
        from spatialcore.annotation.model.artifact import load_model

        return list(load_model(path).genes)
    if suffix in {".csv", ".tsv", ".txt"}:
        from spatialcore.annotation.panel import read_panel

        return read_panel(path)
    return summarize_dataset(path).genes


def _has(path: Path, genes: list[str]) -> int:
    """Count the genes that a model, a panel or a dataset contains."""
    if path.suffix.lower() in {".pkl", ".csv", ".tsv", ".txt"}:
        return len(set(genes) & set(genes_of(path)))
    return int(summarize_dataset(path).has_genes(genes).sum())


def _match(summary: DatasetSummary, genes: list[str]) -> Overlap:
    """Return the share of the smaller gene set, usually the panel, in the larger one."""
    if len(genes) <= len(summary.genes):
        return overlap(int(summary.has_genes(genes).sum()), len(genes))
    return overlap(len(set(summary.genes) & set(genes)), len(summary.genes))


def _as_query(summary: DatasetSummary) -> str:
    return "yes" if summary.query_refusal is None else _no(summary.query_refusal)


def _no(refusal: SpatialCoreError) -> str:
    return f"no: {refusal.message}" + (f" -> {refusal.hint}" if refusal.hint else "")


def _as_reference(summary: DatasetSummary) -> str:
    if summary.reference_refusal is not None:
        return _no(summary.reference_refusal)
    return "yes" if summary.labels else "no: no column of obs looks like cell types"
