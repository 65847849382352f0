"""Results go to stdout, everything else to stderr: a command's output can be piped whatever it says meanwhile."""

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from spatialcore.core.logging import log_to_stderr
from spatialcore.errors import SpatialCoreError

PIPE_WIDTH = 400
NUMERIC = {"cells", "%", "MB"}

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
Verbose = Annotated[
    int, typer.Option("--verbose", "-v", count=True, help="Say more; -vv says all.", show_default=False)
]


@dataclass
class Console:
    """How the running command speaks."""

    as_json: bool = False

    def start(self, *, as_json: bool, verbose: int = 0) -> None:
        """Set up output for a command; called first by each."""
        self.as_json = as_json
        if not verbose:  # the libraries' notes to programmers; what concerns the user is logged
            warnings.simplefilter("ignore")
        log_to_stderr((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])

    def result(self, value: dict[str, Any] | list[Any], *lines: Any) -> None:
        """Print a command's result: the value as JSON, or the lines (text or rich tables) for people."""
        if self.as_json:
            print(json.dumps(value, indent=1, default=str, ensure_ascii=False))
            return
        # in a pipe a line is as long as it needs to be
        out = RichConsole(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
        for line in lines:
            out.print(line, markup=False)

    def error(self, error: SpatialCoreError) -> None:
        """Say what went wrong and what to do next."""
        if self.as_json:
            seen = {"type": type(error).__name__, "message": error.message, "hint": error.hint}
            print(json.dumps({"error": seen}, indent=1, ensure_ascii=False))
            return
        out = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        out.print("error:", style="bold red", end=" ")
        out.print(error.message, markup=False)
        if error.hint:
            out.print(f"  -> {error.hint}", markup=False)

    @contextmanager
    def steps(self, total: int) -> Iterator[Callable[[str], None]]:
        """Show steps as they are begun: a bar with times on a terminal, plain lines elsewhere."""
        if sys.stderr.isatty():
            with _bar() as bar:
                yield _on_bar(bar, total)
            return
        start = time.monotonic()
        yield lambda text: print(f"[{time.monotonic() - start:6.1f} s] {text}", file=sys.stderr, flush=True)


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        console=RichConsole(stderr=True),
        transient=True,
    )


def _on_bar(bar: Progress, total: int) -> Callable[[str], None]:
    task = bar.add_task("starting", total=total)
    begun: list[tuple[str, float]] = []

    def step(text: str) -> None:
        if begun:
            bar.console.print(f"  {begun[-1][0]}  [dim]{time.monotonic() - begun[-1][1]:.1f} s[/dim]", highlight=False)
            bar.advance(task)
        begun.append((text, time.monotonic()))
        bar.update(task, description=text)

    return step


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a plain table for people."""
    shown = Table(
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
        shown.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for row in rows:
        shown.add_row(*(Text(str(value)) for value in row))
    return shown


console = Console()
