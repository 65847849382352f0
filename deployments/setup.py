"""Everything that the service keeps on a Prefect server: ``python -m deployments.setup``. Run it as often as you like.

Work pool and queues, blocks, automations and deployments are made, or brought up to date. What the environment says
(see docs/operations.md) is read here, once; secrets go into blocks.
"""

import os
import subprocess
import sys

from prefect.client.orchestration import SyncPrefectClient, get_client

from deployments.automations import save_automations
from deployments.blocks import run_environment, save_blocks
from deployments.definitions import POOL, definitions
from deployments.environment import Installation
from deployments.prefect_yaml import PATH
from deployments.preserve_user_state import kept
from spatialcore.errors import SpatialCoreError


def main() -> None:
    """Set the service up on the server that PREFECT_API_URL names, and say what is there."""
    if not os.environ.get("PREFECT_API_URL"):
        sys.exit("PREFECT_API_URL is not set: it names the server, as in http://127.0.0.1:4200/api")
    try:
        here = Installation.of()
    except SpatialCoreError as error:
        sys.exit(str(error))
    with get_client(sync_client=True) as client:
        print("\n".join(set_up(client, here)))


def set_up(client: SyncPrefectClient, here: Installation) -> list[str]:
    """Bring a server to what this installation wants, and return what was said of each part."""
    from deployments.work_pool import save_pool

    blocks = save_blocks(here)
    save_pool(client, run_environment(here), here.runs_at_once)
    automations = save_automations(client, here)
    with kept(client):
        deploy(here)
    return [
        f"store        {here.store}",
        f"work pool    {POOL}: {here.runs_at_once} runs at once",
        f"blocks       {', '.join(blocks) or 'none: no credentials in the environment'}",
        *(f"automation   {name}" for name in automations),
        f"deployments  {len(definitions())}",
        f"next         prefect worker start --pool {POOL}",
    ]


def deploy(here: Installation) -> None:
    """Register every deployment of prefect.yaml, by Prefect's own command."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(PATH)]
    done = subprocess.run(
        command, env={**os.environ, "SPATIALCORE_STORE": here.store}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"prefect deploy failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
