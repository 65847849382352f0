"""Settings of the embedded server, as Prefect reads them."""

import json
import os
import subprocess
import sys

from flows.embedded_server import EMBEDDED

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


def test_prefect_takes_the_settings() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    output = subprocess.run([sys.executable, "-c", CODE], env=environment | EMBEDDED, capture_output=True, check=True)
    assert json.loads(output.stdout) == [True, 180, False, ["spatialcore"]]
