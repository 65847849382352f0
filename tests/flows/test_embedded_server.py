"""The embedded server: its settings in Prefect, and its start in the background."""

import json
import os
import subprocess
import sys
import threading

import pytest
from prefect.server.api.server import SubprocessASGIServer

from flows.embedded_server import EMBEDDED, starting_server

CODE = """
import json
from prefect.settings import get_current_settings
settings = get_current_settings()
print(json.dumps([
    settings.server.ephemeral.enabled,
    settings.server.ephemeral.startup_timeout_seconds,
    settings.server.analytics_enabled,
    settings.logging.extra_loggers,
]))
"""


def test_prefect_uses_the_settings() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    output = subprocess.run([sys.executable, "-c", CODE], env=environment | EMBEDDED, capture_output=True, check=True)
    assert json.loads(output.stdout) == [True, 180, False, ["spatialcore"]]


def test_the_block_runs_while_the_server_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    in_block, ready = threading.Event(), threading.Event()

    def start(_: SubprocessASGIServer) -> None:
        assert in_block.wait(30)
        ready.set()

    monkeypatch.setattr(SubprocessASGIServer, "start", start)
    with starting_server():
        in_block.set()
    assert ready.is_set()


def test_a_server_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: SubprocessASGIServer) -> None:
        raise RuntimeError("Timed out")

    monkeypatch.setattr(SubprocessASGIServer, "start", start)
    with pytest.raises(RuntimeError, match="Timed out"), starting_server():
        pass
