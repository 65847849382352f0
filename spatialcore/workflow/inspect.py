"""What state a file is in, told to people: platform, genes, normalization, what it can serve as."""

from collections.abc import Mapping
from pathlib import Path

from spatialcore.workflow.dataset import DatasetSummary, look_at
from spatialcore.workflow.states import DataState, ModelState, Overlap, overlap


def inspect_data(path: str | Path, *, against: Mapping[str, Path] | None = None) -> DataState:
    """Say what a data set is and what it can serve as.

    Parameters
    ----------
    path
        Anything that :func:`spatialcore.io.read_spatial` reads.
    against
        References, models (.pkl) or panels (.csv) whose genes are looked for in it, by the name to show.

    Raises
    ------
    FileMissingError, InputError
        There is nothing, or nothing that can be read.
    """
    facts = look_at(path)
    known = facts.counts_per_cell == facts.counts_per_cell
    return DataState(
        path=str(path),
        format=facts.format.name,
        platform=facts.platform,
        cells=facts.cells,
        features=len(facts.var),
        genes=len(facts.genes),
        named_by=facts.named_by,
        x=facts.status["x_state"],
        raw_counts=facts.status["raw_source"] or "",
        median_counts_per_cell=facts.counts_per_cell if known else None,
        coordinates=f"yes{', in ' + facts.unit if facts.unit else ''}" if facts.coordinates else "none",
        annotated=facts.annotated,
        query=_as_query(facts),
        reference=_as_reference(facts),
        label_columns={name: len(counts) for name, counts in facts.labels.items()},
        matches={name: _match(facts, genes_of(other)) for name, other in (against or {}).items()},
    )


def inspect_model(path: str | Path, *, against: Mapping[str, Path] | None = None) -> ModelState:
    """Say what a model is, without running anything that is in its file.

    Parameters
    ----------
    path
        A model's .pkl.
    against
        Data, panels or models in which the model's genes are looked for, by the name to show.
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
    """Return the genes of a model (.pkl), a panel (.csv, .tsv, .txt) or a data set, as symbols."""
    suffix = Path(path).suffix.lower()
    if suffix == ".pkl":
        from spatialcore.annotation.model.artifact import load_model

        return list(load_model(path).genes)
    if suffix in {".csv", ".tsv", ".txt"}:
        from spatialcore.annotation.panel import read_panel

        return read_panel(path)
    return look_at(path).genes


def _has(path: Path, genes: list[str]) -> int:
    """Count the genes that a model, a panel or a data set has."""
    if path.suffix.lower() in {".pkl", ".csv", ".tsv", ".txt"}:
        return len(set(genes) & set(genes_of(path)))
    return int(look_at(path).has_genes(genes).sum())


def _match(facts: DatasetSummary, genes: list[str]) -> Overlap:
    """Match the smaller side, the panel, to the larger: that is the share that decides."""
    own = facts.genes
    if len(genes) <= len(own):
        shared, wanted = int(facts.has_genes(genes).sum()), len(genes)
    else:
        shared, wanted = len(set(own) & set(genes)), len(own)
    return overlap(shared, wanted)


def _as_query(facts: DatasetSummary) -> str:
    return "yes" if facts.query_refusal is None else f"no: {facts.query_refusal.message}"


def _as_reference(facts: DatasetSummary) -> str:
    if facts.reference_refusal is not None:
        return f"no: {facts.reference_refusal.message}"
    return "yes" if facts.labels else "no: no column of obs looks like cell types"
