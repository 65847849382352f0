"""Page and table that compare the samples of one run and name outliers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from spatialcore import columns
from spatialcore.core.files import whole
from spatialcore.core.types import Floats
from spatialcore.report.sample_summary import SampleSummary

MIN_SAMPLES: Final = 4  # samples below which no outlier is named
DEVIATIONS: Final = 3.5  # of the median, in robust standard deviations
MAIN_TYPES: Final = 12  # in the bar of a sample; the rest is one piece
TEMPLATE: Final = "cohort.html.j2"


@dataclass(frozen=True)
class Measure:
    """One number by which samples are compared.

    Parameters
    ----------
    name
        Column of the table.
    label
        What a person reads.
    spread
        Smallest standard deviation that is assumed, so that small differences never make an outlier.
    log
        Whether factors are compared, not differences.
    """

    name: str
    label: str
    spread: float
    log: bool = False


MEASURES: Final = (
    Measure("call_rate", "call rate", 0.03),
    Measure("median_counts", "depth", 0.05, log=True),
    Measure("median_confidence", "confidence", 0.03),
    Measure("platform_shift", "platform shift", 0.1),
    Measure("composition_shift", "composition", 0.05),
)


def cohort_table(summaries: Mapping[str, SampleSummary]) -> pd.DataFrame:
    """Return one row a sample, in the order given.

    Parameters
    ----------
    summaries
        Sample name -> its summary.

    Returns
    -------
    DataFrame
        Indexed by sample: ``cells``, ``call_rate`` (0 to 1), ``median_counts``, ``median_confidence``;
        ``platform_shift``: median absolute log2 ratio of a gene's share of the counts to its median share over the
        samples; ``composition_shift``: Jensen-Shannon distance (base 2, 0 to 1) of the composition to the mean
        composition; ``stands_apart``: the measures in which the sample is an outlier, or empty text.
    """
    samples = list(summaries.values())
    table = pd.DataFrame(
        {
            "cells": [sample.n_cells for sample in samples],
            "call_rate": [sample.n_called / max(1, sample.n_cells) for sample in samples],
            "median_counts": [np.nan if sample.median_counts is None else sample.median_counts for sample in samples],
            "median_confidence": [sample.median_confidence for sample in samples],
            "platform_shift": _platform_shift(samples),
            "composition_shift": _composition_shift(samples),
        },
        index=pd.Index(list(summaries), name="sample"),
    )
    table["stands_apart"] = _stands_apart(table)
    return table


def _platform_shift(samples: Sequence[SampleSummary]) -> Floats:
    counted = np.array([bool(sample.gene_shares) for sample in samples])
    shares = pd.DataFrame([sample.gene_shares for sample in samples if sample.gene_shares]).dropna(axis=1)
    typical = shares.median()
    shares, typical = shares.loc[:, typical > 1e-5], typical[typical > 1e-5]
    if shares.shape[1] == 0:
        return np.full(len(samples), np.nan)
    ratios = np.log2((shares.to_numpy() + 1e-6) / (typical.to_numpy() + 1e-6))
    shift: Floats = np.full(len(samples), np.nan)
    shift[counted] = np.median(np.abs(ratios), axis=1)
    return shift


def _composition_shift(samples: Sequence[SampleSummary]) -> Floats:
    table = pd.DataFrame([sample.composition for sample in samples]).fillna(0)
    counts = table.drop(columns=columns.UNASSIGNED, errors="ignore").to_numpy(dtype=np.float64)
    if counts.shape[1] == 0:
        return np.zeros(len(samples))
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    middle = np.broadcast_to(parts.mean(axis=0), parts.shape)
    mixed = (parts + middle) / 2
    shift: Floats = np.sqrt(np.maximum((_divergence(parts, mixed) + _divergence(middle, mixed)) / 2, 0))
    return shift


def _divergence(parts: Floats, other: Floats) -> Floats:
    ratio = np.divide(parts, other, out=np.ones_like(parts), where=(parts > 0) & (other > 0))
    return np.asarray((parts * np.log2(ratio)).sum(axis=1))


def _stands_apart(table: pd.DataFrame) -> list[str]:
    """Return in which measures each sample is an outlier: more than 3.5 robust deviations from the median."""
    words: list[list[str]] = [[] for _ in range(len(table))]
    if len(table) < MIN_SAMPLES:
        return [""] * len(table)
    for measure in MEASURES:
        values = table[measure.name].to_numpy(dtype=np.float64)
        values = np.log10(np.maximum(values, 1e-9)) if measure.log else values
        middle = np.nanmedian(values) if np.isfinite(values).any() else 0.0
        deviations = np.abs(values - middle)
        deviation = float(np.nanmedian(deviations)) if np.isfinite(deviations).any() else 0.0
        spread = max(measure.spread, 1.4826 * deviation)
        for row in np.flatnonzero(np.abs(values - middle) > DEVIATIONS * spread):
            words[row].append(f"{measure.label} {'high' if values[row] > middle else 'low'}")
    return [", ".join(each) for each in words]


def write_cohort(
    summaries: Mapping[str, SampleSummary], output: Path, *, title: str, reports: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Write the page of a run with several samples; return its table.

    Parameters
    ----------
    summaries
        Sample name -> its summary.
    output
        The HTML file; everything is inside, and it appears under its name when it is whole.
    title
        What the page is called.
    reports
        Sample name -> address of its report, relative to the page; such names become links.

    Examples
    --------
    >>> import tempfile
    >>> summary = SampleSummary(n_cells=2, n_called=1, composition={"B cell": 1, "Unassigned": 1},
    ...                         reasons={"low_confidence": 1}, median_confidence=0.8, median_counts=4.0, gene_shares={})
    >>> page = Path(tempfile.mkdtemp()) / "cohort.html"
    >>> write_cohort({"a": summary, "b": summary}, page, title="blood")["call_rate"].tolist()
    [0.5, 0.5]
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from spatialcore.annotation.colors import cell_type_colors

    table = cohort_table(summaries)
    types = _main_types(summaries)
    environment = Environment(
        loader=PackageLoader("spatialcore.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template(TEMPLATE).render(
        title=title,
        rows=[_row(str(name), row, summaries[str(name)], types) for name, row in table.iterrows()],
        reports=dict(reports or {}),
        types=types,
        colors=cell_type_colors(types, keep=_colors_of_figures(summaries, types)),
        reasons=sorted({reason for sample in summaries.values() for reason in sample.reasons}),
        measures=[measure.label for measure in MEASURES],
        deviations=DEVIATIONS,
    )
    with whole(output) as part:
        part.write_text(page, encoding="utf-8")
    return table


def _colors_of_figures(summaries: Mapping[str, SampleSummary], types: Sequence[str]) -> dict[str, str]:
    """Return the colours of the types in the figures of the samples."""
    colors: dict[str, str] = {}
    for sample in summaries.values():
        colors |= {name: color for name, color in sample.colors.items() if name in types}
    return colors


def _main_types(summaries: Mapping[str, SampleSummary]) -> list[str]:
    total: dict[str, int] = {}
    for sample in summaries.values():
        for name, cells in sample.composition.items():
            total[name] = total.get(name, 0) + cells
    total.pop(columns.UNASSIGNED, None)
    return sorted(total, key=lambda name: (-total[name], name))[:MAIN_TYPES]


def _row(name: str, row: "pd.Series[float]", sample: SampleSummary, types: Sequence[str]) -> dict[str, object]:
    shares = [(name, sample.composition.get(name, 0) / max(1, sample.n_cells)) for name in types]
    return {
        "sample": name,
        **{str(key): value for key, value in row.items()},
        "reasons": sample.reasons,
        "n_cells": sample.n_cells,
        "shares": shares,
        "other_types": max(0.0, row["call_rate"] - sum(share for _, share in shares)),
    }
