"""What people type: every command answers, says what is wrong in words, and ends with a telling exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.workplace import Command, Workplace, counted

COMMANDS = ["run", "inspect", "train", "annotate", "report", "export", "acquire", "models", "cache", "demo"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(spatialcore: Command, command: str) -> None:
    seen = spatialcore(command, "--help")
    assert seen.code == 0
    assert "Usage: " in seen.out
    assert len(seen.out) > 300


def test_the_help_lists_commands_and_exit_codes(spatialcore: Command) -> None:
    seen = spatialcore("--help")
    assert all(command in seen.out for command in COMMANDS)
    assert "75 a store failed" in " ".join(seen.out.split())


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from spatialcore.cli.app import app; "
        "print([m for m in ('anndata', 'scanpy', 'pandas', 'numpy', 'matplotlib', 'prefect') if m in sys.modules])"
    )
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


def test_version(spatialcore: Command) -> None:
    assert spatialcore("--version").out.strip().count(".") == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_each_shell(shell: str) -> None:
    environment = os.environ | {"_SPATIALCORE_COMPLETE": f"source_{shell}"}
    code = "import sys; sys.argv = ['spatialcore']; from spatialcore.cli import main; main()"
    seen = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment, cwd=Path.cwd()
    )
    assert "_SPATIALCORE_COMPLETE=complete_" in seen.stdout


def test_an_unknown_option_is_a_matter_of_input(spatialcore: Command) -> None:
    assert spatialcore("run", "--nonsense").code == 2


def test_inspect_tells_platform_genes_and_scale(spatialcore: Command, workplace: Workplace) -> None:
    seen = spatialcore("inspect", workplace.query, "--against", workplace.first)
    assert seen.code == 0
    for part in ("Xenium output folder", "200", "30 genes by symbols", "raw counts", "in µm", "30 of 30 (100 %)"):
        assert part in seen.out


def test_inspect_as_json_is_nothing_but_json(spatialcore: Command, workplace: Workplace) -> None:
    seen = spatialcore("inspect", workplace.first, "--json")
    state = json.loads(seen.out)
    assert state["label_columns"] == {"cell_type": 3}
    assert (state["query"], state["reference"], state["x"]) == ("yes", "yes", "raw")


def test_inspect_of_what_cannot_serve(spatialcore: Command, tmp_path: Path) -> None:
    seen = spatialcore("inspect", tmp_path)
    assert seen.code == 2
    assert "Looked for:" in seen.err


def test_a_missing_file_has_its_own_code(spatialcore: Command, tmp_path: Path) -> None:
    seen = spatialcore("inspect", tmp_path / "absent.h5ad")
    assert seen.code == 3
    assert seen.out == ""
    assert "nothing is at" in seen.err


def test_an_error_is_json_where_json_was_asked_for(spatialcore: Command, tmp_path: Path) -> None:
    seen = spatialcore("inspect", tmp_path / "absent.h5ad", "--json")
    assert seen.code == 3
    assert json.loads(seen.out)["error"]["type"] == "FileMissingError"


def test_dry_run_finds_nothing_wrong_and_writes_nothing(
    spatialcore: Command, workplace: Workplace, tmp_path: Path
) -> None:
    seen = spatialcore("run", *workplace.arguments, "-o", tmp_path / "out", "--dry-run")
    assert seen.code == 0
    assert "ready to run" in seen.out
    assert not (tmp_path / "out").exists()


def test_dry_run_names_every_problem_at_once(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.h5ad"
    counted(60, [f"STRANGE{i}" for i in range(30)], seed=5).write_h5ad(stranger)
    words = ["-q", workplace.query, "-r", f"{workplace.first}:cell_typo", "-r", f"{stranger}:cell_type"]
    words += ["-r", "nowhere.h5ad:cell_type", "-s", "target_proportions=absent.csv", "-o", workplace.first, "--dry-run"]
    seen = spatialcore("run", *words, "--json")
    assert seen.code == 2
    found = json.loads(seen.out)
    problems = {check["subject"]: check["detail"] for check in found["checks"] if not check["ok"]}
    assert not found["ok"]
    assert "columns like types: cell_type" in problems["reference first.h5ad"]
    assert problems["panel genes in stranger.h5ad"].startswith("0 of 30")
    assert "reference nowhere.h5ad" in problems
    assert "target proportions" in problems
    assert any(subject.startswith("store ") for subject in problems)


def test_options_override_the_file(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    content = {
        "tissue": "breast",
        "queries": [str(workplace.query)],
        "references": [f"{workplace.first}:absent"],
        "store": str(tmp_path / "out"),
    }
    config.write_text(yaml.safe_dump(content))
    assert spatialcore("run", config, "--dry-run").code == 2
    assert spatialcore("run", config, "-r", f"{workplace.first}:cell_type", "--dry-run").code == 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--threshold", "7"), "confidence_threshold"),
        (("-s", "max_cells_per_type=-1"), "max_cells_per_type"),
        (("-s", "nonsense=1"), "nonsense"),
        (("-s", "nonsense"), "no '='"),
    ],
)
def test_values_are_checked(spatialcore: Command, workplace: Workplace, words: tuple[str, ...], part: str) -> None:
    seen = spatialcore("run", *workplace.arguments, *words, "--dry-run")
    assert seen.code == 2
    assert part in seen.err


def test_a_broken_configuration_is_named(spatialcore: Command, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("tissue: [breast")
    seen = spatialcore("run", tmp_path / "c.yaml")
    assert seen.code == 2
    assert "not YAML" in seen.err


def test_acquire_stores_a_file_once(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    target = tmp_path / "store" / "reference.h5ad"
    assert json.loads(spatialcore("acquire", workplace.first, target, "--json").out)["output"] == str(target)
    assert target.read_bytes() == workplace.first.read_bytes()
    assert spatialcore("acquire", workplace.first, target).code == 0


def test_acquire_lists_what_is_known(spatialcore: Command) -> None:
    assert "human_lung_cell_atlas" in spatialcore("acquire", "--list").out
    assert spatialcore("acquire").code == 2


def test_cache_is_listed_and_cleared(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    from spatialcore import storage
    from spatialcore.annotation import resolve_uri_to_local

    storage.put(workplace.first, "memory://bucket/first.h5ad")
    local = resolve_uri_to_local("memory://bucket/first.h5ad", tmp_path)
    listed = json.loads(spatialcore("cache", "ls", "--folder", tmp_path, "--json").out)
    assert [Path(entry["path"]) for entry in listed] == [local]
    assert spatialcore("cache", "prune", "--max-size", "1GB", "--folder", tmp_path).code == 0
    assert local.exists()
    assert "MB freed" in spatialcore("cache", "clear", "--folder", tmp_path).out
    assert not local.exists()
    assert spatialcore("cache", "prune", "--keep", "much", "--folder", tmp_path).code == 2
