"""How the results of a run are told to people."""

from typing import TYPE_CHECKING, Any

from spatialcore.cli.console import table

if TYPE_CHECKING:
    from spatialcore.workflow.run import RunResult, SampleResult


def tell_run(result: "RunResult") -> list[Any]:
    """Return what is shown after a run: composition and files of each sample, and the model."""
    lines = [line for sample in result.samples for line in (*tell_sample(sample), "")]
    return [*lines, *result.model.values()]


def tell_sample(sample: "SampleResult") -> list[Any]:
    """Return the composition of a sample as a table, and where its files lie; plots by their folder only."""
    share = 100 * sample.assigned / max(1, sample.cells)
    title = f"{sample.sample}: {sample.cells:,} cells, {sample.assigned:,} assigned ({share:.0f} %)"
    rows = [(name, f"{cells:,}", f"{100 * cells / sample.cells:.1f}") for name, cells in sample.composition.items()]
    files = [uri for name, uri in sample.files.items() if "/plots/" not in name]
    plots = {uri.rpartition("/")[0] + "/" for name, uri in sample.files.items() if "/plots/" in name}
    return [table(title, ("cell type", "cells", "%"), rows), "", *files, *sorted(plots)]
