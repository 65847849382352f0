"""Every code block of README and docs is executed in order, or listed with the reason why not."""

import doctest
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import pytest
import yaml

from spatialcore.annotation import RunConfig, train_and_annotate
from spatialcore.cli import main
from tests.code_blocks import Block, blocks_of, pages, section, write_files, write_spatialdata

INSTALLS = "changes the environment"
CLOUD = "needs a bucket or an account"
SERVER = "needs a Prefect server: tests/flows and tests/deployments, and the notebook docs/tutorials/service.md"
# Start of a command or Python block -> why it is not executed here.
NOT_EXECUTED = {
    "make ": "makes an environment: .ci/run does it",
    "git clone": INSTALLS,
    "pip install": INSTALLS,
    "conda ": INSTALLS,
    "spatialcore --install-completion": INSTALLS,
    "from flows.train_and_annotate import": SERVER,
    "prefect ": SERVER,
    "python -m deployments": SERVER,
    "python -c 'from prefect.events": SERVER,
    "SPATIALCORE_TISSUES=": SERVER,
    "exec python -m deployments": SERVER,
    "SPATIALCORE_STORE=": SERVER,
    "cd ": INSTALLS,
    "pg_": "needs a Postgres server",
    "aws ": CLOUD,
    "export ": "sets the environment of a server",
    "cp deployments/": SERVER,
    "docker": "needs Docker: tests/test_docker.py reads the files",
    "cp docker/": "needs Docker",
    "createuser": "needs a Postgres server: tests/deployments starts one",
    "createdb": "needs a Postgres server",
    "from spatialcore.annotation import acquire_reference": CLOUD + ": tests/contract",
    "from spatialcore.annotation import decontaminate": "needs a section with spill-over: tests/annotation/spillover",
    "from spatialcore.annotation import explain_calls": "needs annotated cells: tests/annotation/explain",
    "from spatialcore.simulate import section": "needs a labelled reference: tests/simulate",
    "spatialcore upload": CLOUD + ": tests/cli/test_upload.py",
    "spatialcore acquire cellxgene": "needs the network: tests/contract",
    "spatialcore models": CLOUD + ": tests/cli/test_models.py",
    "spatialcore demo": "takes a minute: tests/cli/test_demo.py",
    "spatialcore annotate xenium_folder": "needs a model of an earlier page: tests/cli/test_annotate.py",
    "spatialcore run examples/": "needs the open data beside the checkout: tests/cli/test_run.py",
    "python3 -m http.server": "does not end",
}
IS_SETTINGS = ("tissue:", "# config.yaml")
CONTINUES = {"docs/how-to/models.md": "docs/how-to/references.md"}
BLOCKS = {blocks[0].page: blocks for blocks in map(blocks_of, pages()) if blocks}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files named in the pages and the results of one run."""
    folder = tmp_path_factory.mktemp("pages")
    write_files(folder)
    adata = train_and_annotate(
        section(), [str(folder / "a.h5ad")], label_columns=["cell_type"], tissue="breast", generate_plots=False
    )
    for sample in ("sample", "cells", "Lung12", "output-XETG00001__breast"):
        target = folder / "results" / sample
        target.mkdir(parents=True)
        adata.write_h5ad(target / "annotated.h5ad")
    return folder


def reason(code: str) -> str:
    """Return why a command or block is not executed; empty if it is."""
    return next((text for start, text in NOT_EXECUTED.items() if code.lstrip().startswith(start)), "")


def run_command(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command line of the package in this process; with ``> file``, create the file."""
    command, _, target = line.partition(">")
    monkeypatch.setattr("sys.argv", shlex.split(command))
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    assert code == 0, line
    if target.strip():
        Path(target.strip()).touch()


def execute(block: Block, names: dict[str, Any], run: Callable[[str], None]) -> None:
    """Execute a block in the current folder."""
    if block.language == "yaml":
        if block.code.startswith(IS_SETTINGS):
            settings = RunConfig.from_dict(yaml.safe_load(block.code))
            if all(Path(reference.uri).exists() for reference in settings.references):
                Path("config.yaml").unlink()
                Path("config.yaml").write_text(block.code)
    elif block.language == "bash":
        for line in block.commands:
            if not reason(line):
                run(line)
    elif ">>>" in block.code:
        test = doctest.DocTestParser().get_doctest(block.code, names, block.page, block.page, block.line)
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        assert runner.run(test, clear_globs=False).failed == 0
        names.update(test.globs)
    elif not reason(block.code):
        exec(compile(block.code, f"{block.page}:{block.line}", "exec"), names)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", sorted(BLOCKS))
def test_blocks_of_a_page(page: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib.use("agg")
    folder = tmp_path / "page"
    shutil.copytree(files, folder, copy_function=os.link)
    if page.endswith("spatialdata.md"):
        write_spatialdata(folder)
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    for block in [*BLOCKS.get(CONTINUES.get(page, ""), []), *BLOCKS[page]]:
        execute(block, names, lambda line: run_command(line, monkeypatch))


def test_each_reason_matches_a_block() -> None:
    blocks = [block for page in pages() for block in blocks_of(page)]
    codes = [code for block in blocks for code in (block.commands if block.language == "bash" else [block.code])]
    assert [start for start in NOT_EXECUTED if not any(code.lstrip().startswith(start) for code in codes)] == []


def test_other_shell_commands_have_a_reason() -> None:
    blocks = [block for page in pages() for block in blocks_of(page) if block.language == "bash"]
    lines = [(block.page, line) for block in blocks for line in block.commands]
    assert [line for line in lines if not line[1].startswith("spatialcore ") and not reason(line[1])] == []
