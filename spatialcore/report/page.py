"""Write the report: render the template with the tables and figures of annotated data."""

from pathlib import Path

from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.base_settings import Settings
from spatialcore.core.files import require_writable, whole
from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import percent
from spatialcore.core.validation import takes_adata
from spatialcore.errors import InputError
from spatialcore.plotting.annotation_plots import AnnotationPlots
from spatialcore.plotting.figures.confidence import MANY_TYPES
from spatialcore.plotting.spatial import coordinate_unit, coordinates
from spatialcore.report import overview, pictures, tables
from spatialcore.report.methods import configuration_yaml, methods_text
from spatialcore.report.spill_over import spill_over

log = get_logger(__name__)
TEMPLATE = "report.html.j2"


@takes_adata
def write_report(
    adata: AnnData,
    output: str | Path,
    *,
    model_path: str | Path | None = None,
    config: Settings | None = None,
    figures: AnnotationPlots | None = None,
    sample: str = "",
) -> Path:
    """Write the HTML report of annotated data: calls, confidence, validation, model and references.

    The page is self-contained (no network, no other files), responsive, printable and has a dark mode.

    Parameters
    ----------
    adata
        Data annotated by this package: calls in ``obs``, run manifest in ``uns["spatialcore_annotation"]``.
    output
        The HTML file, written atomically.
    model_path
        The .pkl of the model. Its held-out scores are used if the data have no model card.
    config
        The settings of the run. Default: those in the run manifest.
    figures
        The result of :func:`spatialcore.plotting.run_figures.draw_run_figures`. Default: the figures are drawn.

    sample
        Name of the sample, for the title; empty: the name of its file.

    Returns
    -------
    Path
        Path of the report.

    Raises
    ------
    InputError
        The data have no calls, or ``output`` does not end in .html.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> adata = pbmc68k_reduced().raw.to_adata()
    >>> adata.obs["cell_type"] = adata.obs["cell_type_predicted"] = adata.obs["bulk_labels"]
    >>> adata.obs["cell_type_confidence"] = 0.9
    >>> write_report(adata, "report.html").name
    'report.html'
    """
    tables.require_calls(adata)
    path = _html_file(output)
    if model_path is not None:
        adata = tables.with_model_card(adata, Path(model_path))
    threshold = tables.threshold_of(adata, config)
    plots = _draw_figures(adata, threshold) if figures is None else figures
    page = _render(adata, config, threshold, plots, sample)
    return _write(page, path)


def _draw_figures(adata: AnnData, threshold: float) -> AnnotationPlots:
    from spatialcore.plotting.run_figures import draw_run_figures

    return draw_run_figures(adata, confidence_threshold=threshold)


def _render(adata: AnnData, config: Settings | None, threshold: float, plots: AnnotationPlots, sample: str = "") -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("spatialcore.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["percent"] = percent_in_html
    validation = plots["summary"]
    summary = overview.summarize(adata, threshold, validation, sample)
    if summary.misfit:
        log.warning(summary.misfit)
    return environment.get_template(TEMPLATE).render(
        overview=summary,
        references=tables.references(adata),
        dropped=tables.dropped(adata),
        mapping=tables.label_mapping(adata),
        types=tables.types(adata, threshold, validation),
        levels=tables.levels(adata),
        evidence=tables.evidence(adata),
        unassigned=tables.unassigned(adata),
        unknown=(groups := tables.unknown(adata)),
        has_positions=tables.have_positions(groups),
        has_unseen_scores=tables.have_unseen_scores(groups),
        spill_over=spill_over(adata),
        card=tables.card(adata),
        versions=tables.versions(adata),
        pictures=pictures.embed_all(plots["figures"]),
        skipped=plots.get("skipped", {}),
        alt=pictures.alt,
        confidence_caption=_confidence_caption(adata),
        unit=coordinate_unit(adata),
        unit_note=_unit_note(adata),
        methods=methods_text(adata, threshold),
        config=configuration_yaml(adata, config),
    )


def percent_in_html(share: float) -> str:
    """Return a share in per cent, with a space at which lines do not break."""
    return percent(share).replace(" ", "\N{NO-BREAK SPACE}")


def _confidence_caption(adata: AnnData) -> str:
    """Return what the figure of the confidence shows: its layout depends on the number of types and on coordinates."""
    is_tall = adata.obs[columns.PREDICTED].nunique() > MANY_TYPES
    if coordinates(adata) is None:
        parts = "All cells above, and confidence per type below" if is_tall else "Confidence per type"
    elif is_tall:
        parts = "Confidence on the tissue (top left), of all cells (top right) and per type (below)"
    else:
        parts = "Left: confidence on the tissue. Right: confidence per type"
    return (
        f"{parts}; the dashed line is the threshold, the bar is the median. "
        "Green: at or above the threshold; yellow to red: below it."
    )


def _unit_note(adata: AnnData) -> str:
    """Return how to state the unit of the coordinates if it is unknown, for the caption of the map."""
    if coordinates(adata) is None or coordinate_unit(adata):
        return ""
    return " The unit of the coordinates is unknown. To state it, run spatialcore report annotated.h5ad --unit µm."


def _html_file(output: str | Path) -> Path:
    """Return the path of the report; raise if it cannot be written, before figures are drawn."""
    path = Path(output).expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"the report {path.name!r} does not end in .html", hint="pass a name that ends in .html")
    require_writable(path.parent)
    return path


def _write(page: str, path: Path) -> Path:
    with whole(path) as part:
        part.write_text(page, encoding="utf-8")
    log.info("wrote %s", path)
    return path
