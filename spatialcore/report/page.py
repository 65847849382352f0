"""The page itself: a template, filled with what the data carry and the figures drawn from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from anndata import AnnData

from spatialcore.annotation.config import Settings
from spatialcore.core.files import whole
from spatialcore.core.logging import get_logger
from spatialcore.errors import InputError
from spatialcore.report import overview, pictures, tables
from spatialcore.report.methods import methods_text
from spatialcore.report.reproduce import configuration_yaml

log = get_logger(__name__)
TEMPLATE = "report.html.j2"


def write_report(
    adata: AnnData,
    output: str | Path,
    *,
    model_path: str | Path | None = None,
    config: Settings | None = None,
    figures: Mapping[str, Any] | None = None,
) -> Path:
    """Write one HTML file that tells how the cells were called and how far the calls can be trusted.

    Everything is inside: no network, no other file. It reads in light and dark, on a phone, and on paper.

    Parameters
    ----------
    adata
        Data annotated by this package: calls in ``obs``, run manifest in ``uns["spatialcore_annotation"]``.
    output
        The HTML file; it appears under its name when it is whole.
    model_path
        The model's .pkl, for its held-out scores where the data do not carry them.
    config
        The run's settings, where the data do not carry them.
    figures
        What :func:`spatialcore.plotting.run_figures.draw_run_figures` returned; drawn anew when not given.

    Returns
    -------
    Path
        Where the page lies.

    Raises
    ------
    InputError
        The data have no calls.

    Examples
    --------
    >>> write_report(adata, "results/report.html")  # doctest: +SKIP
    """
    tables.require_calls(adata)
    if model_path is not None:
        adata = tables.with_model_card(adata, Path(model_path))
    threshold = tables.threshold_of(adata, config)
    drawn = _drawn(adata, threshold) if figures is None else figures
    page = _render(adata, config, threshold, drawn)
    return _write(page, Path(output).expanduser())


def _drawn(adata: AnnData, threshold: float) -> Mapping[str, Any]:
    from spatialcore.plotting.run_figures import draw_run_figures

    return draw_run_figures(adata, confidence_threshold=threshold)


def _render(adata: AnnData, config: Settings | None, threshold: float, drawn: Mapping[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("spatialcore.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    summary = drawn.get("summary")
    validation = summary if isinstance(summary, pd.DataFrame) else pd.DataFrame()
    facts = overview.judge(adata, threshold, validation)
    if facts.misfit:
        log.warning(facts.misfit)
    return environment.get_template(TEMPLATE).render(
        facts=facts,
        references=tables.references(adata),
        dropped=tables.dropped(adata),
        mapping=tables.label_mapping(adata),
        types=tables.types(adata, threshold, validation),
        unassigned=tables.unassigned(adata),
        card=tables.card(adata),
        versions=tables.versions(adata),
        pictures=pictures.embedded(drawn["figures"]),
        methods=methods_text(adata, threshold),
        config=configuration_yaml(adata, config),
    )


def _write(page: str, place: Path) -> Path:
    if place.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{place.name} is no name for a web page", hint="end it in .html")
    with whole(place) as part:
        part.write_text(page, encoding="utf-8")
    log.info("wrote %s", place)
    return place
