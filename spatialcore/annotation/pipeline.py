"""Train a model, annotate the cells and draw the plots in one call."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Unpack

from anndata import AnnData

from spatialcore.annotation import run_manifest, stages
from spatialcore.annotation.choices import BalanceStrategy
from spatialcore.annotation.config import FurtherSettings, TrainingConfig
from spatialcore.annotation.explain.linear_model import store_linear_model
from spatialcore.annotation.expression.readable import require_readable
from spatialcore.annotation.model.artifact import load_model, model_file
from spatialcore.annotation.panel import get_panel_genes
from spatialcore.annotation.spillover.other_coordinates import with_coordinates
from spatialcore.core.files import require_writable
from spatialcore.core.logging import get_logger
from spatialcore.core.progress import stage_bar
from spatialcore.core.provenance import canonical_json
from spatialcore.core.text.names import slug_of
from spatialcore.core.validation import takes_adata, to_change
from spatialcore.errors import InputError, reason_of

log = get_logger(__name__)

_N_STAGES = 5  # references, ontology, balance, training, annotate


@takes_adata
def train_and_annotate(
    adata: AnnData,
    references: Sequence[str | Path],
    tissue: str = "unknown",
    label_columns: Sequence[str] | None = None,
    balance_strategy: BalanceStrategy = "proportional",
    max_cells_per_type: int = 5000,
    max_cells_per_ref: int = 100_000,
    target_proportions: dict[str, float] | str | Path | None = None,
    confidence_threshold: float = 0.8,
    model_output: str | Path | None = None,
    plot_output: str | Path | None = None,
    add_ontology: bool = True,
    generate_plots: bool = True,
    copy: bool = False,
    **settings: Unpack[FurtherSettings],
) -> AnnData:
    """Train a model for the panel of the query on labelled references, and annotate every cell with it.

    Parameters
    ----------
    adata
        Spatial data, cells x panel genes, with raw counts in ``X`` or a layer, or log1p(10k) in ``X`` or ``raw.X``.
        Coordinates in usual columns of obs (``x_centroid``, ``center_x``) are also stored in ``obsm["spatial"]``.
    references
        Paths or URIs of labelled scRNA-seq data (h5ad or zarr).
    tissue
        Name of the model; also used to choose the terms of ambiguous labels.
    label_columns
        The obs column with the cell type: one per reference, or one for all. Required.
    balance_strategy
        How the training cells of a type are divided over the references: "proportional" to their numbers of cells, or
        "equal".
    max_cells_per_type, max_cells_per_ref
        Maximum number of training cells of a type, and of cells read from a reference.
    target_proportions
        Share of the training cells per type, for sorted or enriched references: a dict, or a JSON or CSV file.
    confidence_threshold
        Calls with a lower ``cell_type_confidence`` become "Unassigned"; about 80 % of the calls with 0.8 are right.
    model_output
        Where to save the model: ``{name}.pkl``, ``{name}_celltypist.json``, ``{name}_colors.json``.
    plot_output
        Folder for the plots and ``report.html``; None: nothing is drawn.
    add_ontology
        Map labels to the Cell Ontology; classes are then its terms.
    generate_plots
        Draw the plots and write the report into `plot_output`. A figure that fails is logged, and the run continues.
    copy
        Return an annotated copy; by default `adata` is modified.
    **settings
        The other fields of :class:`TrainingConfig`: species, orthologs, class_names, taxonomy_levels,
        min_cells_per_type, confidence_transform, trainer, granularity, resolution, detect_unseen, purify,
        min_gene_overlap_pct, exclude_labels, drop_uninformative_labels, random_state.

    Returns
    -------
    AnnData
        The same cells in the same order with the columns of :mod:`spatialcore.columns`, the scores of all classes in
        ``obsm["cell_type_decision_scores"]`` and the run manifest in ``uns["spatialcore_annotation"]``.

    Raises
    ------
    InputError
        A setting, label column or matrix cannot be used; it is also a ``ValueError``.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.demo import simulated_data
    >>> query, reference = simulated_data()
    >>> path = f"{tempfile.mkdtemp()}/reference.h5ad"
    >>> reference.write_h5ad(path)
    >>> query = train_and_annotate(query, [path], "blood", label_columns=["cell_type"], generate_plots=False)
    >>> query.obs[["cell_type", "cell_type_ontology_term_id"]].iloc[::50]
              cell_type cell_type_ontology_term_id
    cell0        B cell                 CL:0000236
    cell50       T cell                 CL:0000084
    cell100  fibroblast                 CL:0000057
    cell150   mast cell                 CL:0000097
    """
    if label_columns is None:
        raise InputError(
            "label_columns is missing: columns are never guessed",
            hint="name the obs column with the cell type of each reference: label_columns=['cell_type']",
        )
    config = TrainingConfig.from_dict(
        {
            "tissue": tissue,
            "references": references,
            "label_columns": label_columns,
            "balance_strategy": balance_strategy,
            "max_cells_per_type": max_cells_per_type,
            "max_cells_per_ref": max_cells_per_ref,
            "target_proportions": target_proportions,
            "confidence_threshold": confidence_threshold,
            "add_ontology": add_ontology,
            "generate_plots": generate_plots,
            **settings,
        },
        origin="train_and_annotate",
    )
    return train_and_annotate_config(adata, config, model_output=model_output, plot_output=plot_output, copy=copy)


@takes_adata
def train_and_annotate_config(
    adata: AnnData,
    config: TrainingConfig,
    model_output: str | Path | None = None,
    plot_output: str | Path | None = None,
    copy: bool = False,
) -> AnnData:
    """Run :func:`train_and_annotate` with a configuration.

    Parameters
    ----------
    adata
        Spatial data, cells x panel genes.
    config
        The settings, for example from :meth:`TrainingConfig.from_yaml`.
    model_output, plot_output, copy
        As in :func:`train_and_annotate`.

    Returns
    -------
    AnnData
        The annotated cells: `adata` itself unless `copy`.

    Raises
    ------
    InputError
        A setting, label column or matrix cannot be used; it is also a ``ValueError``.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.annotation import TrainingConfig
    >>> from spatialcore.demo import simulated_data
    >>> query, reference = simulated_data()
    >>> path = f"{tempfile.mkdtemp()}/reference.h5ad"
    >>> reference.write_h5ad(path)
    >>> config = TrainingConfig(references=[path], label_columns=["cell_type"], generate_plots=False)
    >>> query = train_and_annotate_config(query, config)
    >>> query.obs[["true_type", "cell_type"]].drop_duplicates()
              true_type   cell_type
    cell0        B cell      B cell
    cell50       T cell      T cell
    cell100  fibroblast  fibroblast
    cell150   mast cell   mast cell
    """
    if not config.references:
        raise InputError("no reference was given", hint="pass at least one labelled h5ad, zarr or URI")
    adata = to_change(adata, copy=copy)
    require_readable(adata)
    draws_plots = config.generate_plots and plot_output is not None
    if draws_plots and plot_output is not None:
        require_writable(plot_output)
    if model_output is not None:
        model_output = model_file(model_output, f"{config.tissue}_model")
        require_writable(model_output.parent)
    with_coordinates(adata)
    if config.generate_plots and plot_output is None:
        log.warning("no plots are drawn because plot_output is None: pass plot_output='plots/' or generate_plots=False")
    with stage_bar(_N_STAGES + draws_plots) as start_stage:
        stopwatch = run_manifest.Stopwatch(start_stage)
        _run_stages(adata, config, model_output, plot_output, stopwatch)
    run_manifest.record(adata, timings_json=canonical_json(stopwatch.seconds))
    return adata


def _run_stages(
    adata: AnnData,
    config: TrainingConfig,
    model_output: str | Path | None,
    plot_output: str | Path | None,
    stopwatch: run_manifest.Stopwatch,
) -> None:
    with _model_path(model_output, config.tissue) as model_path:
        panel = get_panel_genes(adata)
        # the training cells are not kept: they would take memory during the annotation
        trained_on = stages.train_model(config, panel, adata, model_path, stopwatch=stopwatch).manifest
        manifest = {**run_manifest.describe_run(config), **trained_on}
        stages.call_cells(adata, model_path, config, manifest, stopwatch=stopwatch)
        if model_output is None:
            store_linear_model(adata, load_model(model_path))
    if config.generate_plots and plot_output is not None:
        with stopwatch.stage("plots"):
            _plot_best_effort(adata, config, Path(plot_output))


@contextmanager
def _model_path(model_output: str | Path | None, tissue: str) -> Iterator[Path]:
    """Yield the path of the model: the given one, or a temporary one for the duration of the call."""
    if model_output is not None:
        path = Path(model_output)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
        return
    with TemporaryDirectory(prefix="spatialcore-") as folder:
        yield Path(folder) / f"{slug_of(tissue)}_model.pkl"


def _plot_best_effort(adata: AnnData, config: TrainingConfig, output: Path) -> None:
    try:
        figures = stages.plot(adata, config, output)
        stages.report(adata, output / "report.html", config=config, figures=figures)
    except Exception as error:  # a plot that fails must not lose the annotation
        log.warning("plots or report were not written, the annotation is complete: %s", reason_of(error))
        log.debug("traceback of plots and report", exc_info=True)
