"""The command ``python -m flows.run``."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import run
from flows.embedded_server import EMBEDDED
from tasks.schemas import RunManifest
from tests.flows.conftest import blood_config


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the variables that the command sets, and let the collector search all objects again."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    yield
    gc.unfreeze()


def test_a_file_is_run_and_the_uri_of_the_manifest_is_printed(
    blood: Path, blood_run: RunManifest, tmp_path: Path, computed_stages: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    store = Path(blood_run.uri).parents[2]
    blood_config(blood, store, generate_plots=True).to_yaml(tmp_path / "run.yaml")
    run.main([str(tmp_path / "run.yaml")])
    assert capsys.readouterr().out == f"{blood_run.uri}\n"
    assert computed_stages == []
    assert EMBEDDED.items() <= os.environ.items()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


@pytest.mark.parametrize(
    ("text", "message"), [("tissue: [blood", "not valid YAML"), ("tissue: blood\nqueries: [a.h5ad]", "references")]
)
def test_an_invalid_file_gives_an_error_message(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(SystemExit, match=message):
        run.main([str(tmp_path / "run.yaml")])


@pytest.mark.parametrize("arguments", [[], ["a.yaml", "b.yaml"]])
def test_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"usage: python -m flows\.run CONFIG\.yaml"):
        run.main(arguments)
