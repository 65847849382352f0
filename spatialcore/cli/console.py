"""Console output: results on stdout; progress, log messages and errors on stderr."""

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from spatialcore.core.logging import log_to_stderr
from spatialcore.errors import SpatialCoreError

if TYPE_CHECKING:
    from spatialcore.workflow.run import RunResult, SampleResult

PIPE_WIDTH = 400
NUMERIC = {"cells", "%", "MB"}
Line = str | Path | Table
"""Text or table that `Console.result` prints."""

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Verbose = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, help="Show log messages; -vv for debug messages.", show_default=False),
]


@dataclass
class Console:
    """Output of the running command."""

    as_json: bool = False

    def start(self, *, as_json: bool, verbose: int = 0) -> None:
        """Configure output; every command calls this first."""
        self.as_json = as_json
        if not verbose:  # warnings of libraries are for developers; messages for users are logged
            warnings.simplefilter("ignore")
        log_to_stderr((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])

    def result(self, value: Mapping[str, object] | Sequence[object], *lines: Line) -> None:
        """Print the result of a command: `value` with --json, else `lines`."""
        if self.as_json:
            print(json.dumps(value, indent=1, default=str, ensure_ascii=False))
            return
        if sys.stdout.isatty():
            _print_lines(RichConsole(highlight=False, soft_wrap=True), lines)
            return
        # in pipes, lines are neither wrapped nor padded
        out = RichConsole(highlight=False, soft_wrap=True, width=PIPE_WIDTH)
        with out.capture() as text:
            _print_lines(out, lines)
        print("\n".join(line.rstrip() for line in text.get().splitlines()))

    def error(self, error: SpatialCoreError) -> None:
        """Print an error and its hint."""
        if self.as_json:
            content = {"type": type(error).__name__, "message": error.message, "hint": error.hint}
            print(json.dumps({"error": content}, indent=1, ensure_ascii=False))
            return
        out = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        out.print("error:", style="bold red", end=" ")
        out.print(error.message, markup=False)
        if error.hint:
            out.print(f"  -> {error.hint}", markup=False)

    @contextmanager
    def steps(self, total: int) -> Iterator[Callable[[str], None]]:
        """Yield a function that reports the start of a step: progress bar on a terminal, else lines with times."""
        if sys.stderr.isatty():
            with _bar() as bar:
                yield _on_bar(bar, total)
            return
        start = time.monotonic()
        yield lambda text: print(f"[{time.monotonic() - start:6.1f} s] {text}", file=sys.stderr, flush=True)


def _print_lines(out: RichConsole, lines: Sequence[Line]) -> None:
    for line in lines:
        out.print(line, markup=False)


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        BarColumn(bar_width=12),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        console=RichConsole(stderr=True),
        transient=True,
        expand=True,
    )


def _on_bar(bar: Progress, total: int) -> Callable[[str], None]:
    task = bar.add_task("starting", total=total)
    started: list[tuple[str, float]] = []

    def step(text: str) -> None:
        if started:
            name, start = started[-1]
            bar.console.print(f"  {name}  [dim]{time.monotonic() - start:.1f} s[/dim]", highlight=False)
            bar.advance(task)
        started.append((text, time.monotonic()))
        bar.update(task, description=text)

    return step


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table without borders."""
    result = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None,
        header_style="dim",
        pad_edge=False,
        show_header=any(header),
    )
    for name in header:
        numeric = name in NUMERIC
        result.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for row in rows:
        result.add_row(*(Text(str(value)) for value in row))
    return result


def run_summary(result: "RunResult") -> list[Line]:
    """Return the summary of a run: composition and files of each sample, and the files of the model."""
    lines = [line for sample in result.samples for line in (*sample_summary(sample), "")]
    return [*lines, *result.model.values()]


def sample_summary(sample: "SampleResult") -> list[Line]:
    """Return the composition of a sample as a table, and its files; of the plots only their folder."""
    from spatialcore.workflow.run import composition_rows

    share = 100 * sample.assigned / max(1, sample.cells)
    title = f"{sample.sample}: {sample.cells:,} cells, {sample.assigned:,} assigned ({share:.0f} %)"
    rows = [
        (name, f"{cells:,}", f"{percent:.1f}")
        for name, cells, percent in composition_rows(sample.composition, sample.cells)
    ]
    files = [uri for name, uri in sample.files.items() if "/plots/" not in name]
    plots = {uri.rpartition("/")[0] + "/" for name, uri in sample.files.items() if "/plots/" in name}
    warning = [f"The references do not seem to fit these cells. {sample.misfit}", ""] if sample.misfit else []
    return [table(title, ("cell type", "cells", "%"), rows), "", *warning, *files, *sorted(plots)]


console = Console()
