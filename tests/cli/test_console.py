"""Console output: results on stdout, errors on stderr or as JSON."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console as RichConsole
from rich.table import Table

from spatialcore.cli.console import Console, _bar, run_summary, sample_summary, table
from spatialcore.workflow.run import RunResult, SampleResult
from tests.cli.workplace import Command


def test_error_goes_to_stderr(spatialcore: Command, tmp_path: Path) -> None:
    outcome = spatialcore("inspect", tmp_path / "absent.h5ad")
    assert outcome.code == 3
    assert outcome.out == ""
    assert "no such file or folder" in outcome.err


def test_error_as_json(spatialcore: Command, tmp_path: Path) -> None:
    outcome = spatialcore("inspect", tmp_path / "absent.h5ad", "--json")
    assert outcome.code == 3
    assert json.loads(outcome.out)["error"]["type"] == "FileMissingError"


def test_result_as_json_or_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    Console(as_json=True).result({"cells": 3}, "3 cells")
    assert json.loads(capsys.readouterr().out) == {"cells": 3}
    Console(as_json=False).result({"cells": 3}, "3 cells", table("", ("cell type", "cells"), [("[b]", 3)]))
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["3", "cells"],
        ["cell", "type", "cells"],
        ["[b]", "3"],
    ]


def test_lines_in_a_pipe_are_not_padded(capsys: pytest.CaptureFixture[str]) -> None:
    Console().result({}, table("", ("", ""), [("a", "b" * 300), ("cells", "3")]), "")
    assert capsys.readouterr().out == f"a      {'b' * 300}\ncells  3\n\n"


def test_steps_are_reported_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().steps(1) as step:
        step("reading")
    output = capsys.readouterr()
    assert output.out == ""
    assert re.fullmatch(r"\[ +\d+\.\d s\] reading\n", output.err)


def test_sample_summary_sorts_types_and_lists_files() -> None:
    files = {"s/annotated.h5ad": "/out/s/annotated.h5ad", "s/plots/a.png": "/out/s/plots/a.png"}
    sample = SampleResult("s", cells=8, assigned=6, composition={"B cell": 2, "T cell": 6}, files=files)
    summary = sample_summary(sample)
    assert isinstance(summary[0], Table)
    assert summary[0].title == "s: 8 cells, 6 assigned (75 %)"
    assert [str(cell) for cell in summary[0].columns[2].cells] == ["75.0", "25.0"]
    assert summary[1:] == ["", "/out/s/annotated.h5ad", "/out/s/plots/"]
    assert run_summary(RunResult("/out", {"model": "/out/m.pkl"}, [sample]))[-1] == "/out/m.pkl"


@pytest.mark.parametrize("width", [40, 200])
def test_number_of_steps_and_time_are_whole_on_terminals_of_any_width(width: int) -> None:
    bar = _bar()
    bar.add_task("reading 2 references, 300 panel genes", total=4)
    out = RichConsole(width=width, file=StringIO())
    with out.capture() as text:
        out.print(bar.get_renderable())
    line = text.get().rstrip()
    assert re.search(r"0/4 [0-:-]{7}$", line)
