"""Run flows in subprocesses, some of which are killed at a given point.

``python -m tests.flows.runs CONFIG LOG [--at PATTERN ...] [--together N | --homes HOME ...]``

Modules are imported once, then each run is a fork. With ``--at``, each run kills itself (SIGKILL) just before it writes
a file whose URI matches the pattern; a last run completes. With ``--together``, N runs start at once. With ``--homes``,
one run starts in each of these home folders, as on separate machines.
The log has one line per computed phase: the number of the run and the phase.
"""

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flows.parameters import TrainAndAnnotateParameters
from flows.train_and_annotate import train_and_annotate
from spatialcore import storage
from tasks import stage_cache
from tasks.schemas import StageResult


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--at", nargs="*", default=[])
    parser.add_argument("--together", type=int, default=0)
    parser.add_argument("--homes", nargs="*", default=[])
    options = parser.parse_args()
    import anndata  # noqa: F401  (once, before the forks)

    if options.together or options.homes:
        homes = options.homes or [os.environ["HOME"]] * options.together
        children = [start(options, number, "", home) for number, home in enumerate(homes)]
        return max(exit_code(child) for child in children)
    for number, pattern in enumerate(options.at):
        if exit_code(start(options, number, pattern)) != -signal.SIGKILL:
            print(f"the run was not killed at {pattern}", file=sys.stderr)
            return 1
    return exit_code(start(options, len(options.at), ""))


def start(options: argparse.Namespace, number: int, pattern: str, home: str = "") -> int:
    """Fork a run and return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        os.environ["HOME"] = home or os.environ["HOME"]
        log_phases(options.log, number)
        if pattern:
            kill_before_writing(re.compile(pattern))
        train_and_annotate(TrainAndAnnotateParameters.from_yaml(options.config))
    except BaseException as error:  # noqa: BLE001 (a fork must never continue as the parent)
        print(f"run {number}: {error!r}", file=sys.stderr)
        os._exit(1)
    os._exit(0)


def exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def log_phases(log: Path, number: int) -> None:
    make = stage_cache._make

    def logged(folder: str, kind: type[StageResult], *rest: Any) -> Any:
        with log.open("a") as file:
            file.write(f"{number} {kind.STAGE}\n")
        return make(folder, kind, *rest)

    stage_cache._make = logged


def kill_before_writing(pattern: re.Pattern[str]) -> None:
    def killing(write: Callable[..., Any]) -> Callable[..., Any]:
        def write_or_kill(content: Any, uri: str, *rest: Any, **options: Any) -> Any:
            if pattern.search(uri):
                os.kill(os.getpid(), signal.SIGKILL)
            return write(content, uri, *rest, **options)

        return write_or_kill

    for name in ("put_text", "put_new"):
        setattr(storage, name, killing(getattr(storage, name)))


def phases_of(log: Path) -> dict[int, list[str]]:
    """Return the phases that each run computed."""
    stages: dict[int, list[str]] = {}
    for line in log.read_text().splitlines():
        number, phase = line.split()
        stages.setdefault(int(number), []).append(phase)
    return stages


def command(config: Path, log: Path, *options: str | int) -> Sequence[str]:
    return [sys.executable, "-m", "tests.flows.runs", str(config), str(log), *map(str, options)]


if __name__ == "__main__":
    sys.exit(main())
