"""Fixtures of the command line: a runner in this process, small data, and the results of one run."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialcore.cli import main
from tests.cli.workplace import GENES, LETTERS, QUICK, ROOT, Command, Outcome, Workplace, counted
from tests.io.bundles import write_xenium


@pytest.fixture
def spatialcore(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Return a function that runs a command line and returns its exit code and output."""

    def run(*words: Any) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["spatialcore", *(str(word) for word in words)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        output = capsys.readouterr()
        return Outcome(code, output.out, output.err)

    logger = logging.getLogger("spatialcore")
    level = logger.level
    yield run
    logger.setLevel(level)
    logger.handlers = [handler for handler in logger.handlers if isinstance(handler, logging.NullHandler)]


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Return a Xenium folder of 200 cells and two references of 150 cells with different label columns."""
    root: Path = tmp_path_factory.mktemp("work")
    query = counted(200, GENES, seed=1)
    rng = np.random.default_rng(0)
    query.obs["cell_number"] = rng.choice(1 << 32, query.n_obs, replace=False)
    query.obs_names = [f"{number:08x}".translate(LETTERS) + "-1" for number in query.obs["cell_number"]]
    query.var["gene_ids"] = [f"ENSG{i:011d}" for i in range(len(GENES))]
    query.var["feature_types"] = "Gene Expression"
    query.obsm["spatial"] = rng.uniform(0, 500, (query.n_obs, 2))
    xenium = write_xenium(root / "output-breast", query)
    counted(150, GENES, seed=2).write_h5ad(root / "first.h5ad")
    second = counted(150, GENES, seed=3)
    second.obs = second.obs.rename(columns={"cell_type": "annotation"})
    second.write_h5ad(root / "second.h5ad")
    return Workplace(xenium, root / "first.h5ad", root / "second.h5ad")


@pytest.fixture(scope="session")
def results(workplace: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the output folder of one run, made in a separate process."""
    out = tmp_path_factory.mktemp("run") / "results"
    command = [sys.executable, "-m", "spatialcore.cli", "run", *workplace.arguments, "-t", "breast", "-o", str(out)]
    process = subprocess.run([*command, *QUICK, "--json"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["store"] == str(out)
    assert "reading 2 references, 30 panel genes" in process.stderr
    return out
