"""Everything that the service keeps on a Prefect server: ``python -m deployments.setup``. Run it as often as you like.

Work pool and queues, blocks, automations and deployments are made, or brought up to date. What the environment says
(see docs/operations.md) is read here, once; secrets go into blocks.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from prefect.client.orchestration import SyncPrefectClient, get_client

from deployments.automations import save_automations
from deployments.blocks import run_environment, save_blocks
from deployments.definitions import POOL, Definition, definitions
from deployments.environment import Installation
from deployments.obsolete_deployments import delete_deployments, find_obsolete
from deployments.prefect_yaml import render
from deployments.preserve_user_state import kept
from spatialcore.errors import SpatialCoreError


def main(arguments: list[str] | None = None) -> None:
    """Set the service up on the server that PREFECT_API_URL names, and say what is there."""
    if not os.environ.get("PREFECT_API_URL"):
        sys.exit("PREFECT_API_URL is not set: it names the server, as in http://127.0.0.1:4200/api")
    parser = argparse.ArgumentParser(prog="python -m deployments.setup", description=__doc__)
    parser.add_argument(
        "--remove",
        action="store_true",
        help="delete deployments whose tissue is gone, with their schedules and triggers",
    )
    options = parser.parse_args(arguments)
    try:
        here = Installation.of()
        with get_client(sync_client=True) as client:
            print("\n".join(set_up(client, here, remove=options.remove)))
    except SpatialCoreError as error:
        sys.exit(str(error))


def set_up(client: SyncPrefectClient, here: Installation, *, remove: bool = False) -> list[str]:
    """Bring a server to what this installation wants, and return what was said of each part."""
    from deployments.work_pool import save_pool

    blocks = save_blocks(here)
    save_pool(client, run_environment(here), here.runs_at_once)
    automations = save_automations(client, here)
    wanted = definitions()
    with kept(client, wanted):
        deploy(here, wanted)
    obsolete = find_obsolete(client, wanted)
    if remove:
        delete_deployments(client, obsolete)
    return [
        f"store        {here.store}",
        f"work pool    {POOL}: {here.runs_at_once} runs at once",
        f"blocks       {', '.join(blocks) or 'none: no credentials here; runs use those of their platform'}",
        *(f"automation   {name}" for name in automations),
        f"deployments  {len(wanted)}",
        *_obsolete_lines(obsolete, removed=remove),
        "next         python -m deployments.worker",
    ]


def _obsolete_lines(names: Sequence[str], *, removed: bool) -> list[str]:
    """Return which deployments have lost their tissue; without --remove they are listed only."""
    lines = [f"{'removed' if removed else 'obsolete':12} {name}" for name in names]
    more = "             their tissue is gone: python -m deployments.setup --remove deletes them"
    return lines if removed or not names else [*lines, more]


def deploy(here: Installation, deployments: Sequence[Definition]) -> None:
    """Register deployments by Prefect's own command, from a prefect.yaml made for this installation."""
    with TemporaryDirectory(prefix="spatialcore-") as folder:
        file = Path(folder) / "prefect.yaml"
        file.write_text(render(deployments))
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
        done = subprocess.run(
            command, env={**os.environ, "SPATIALCORE_STORE": here.store}, capture_output=True, text=True, check=False
        )
    if done.returncode:
        sys.exit(f"prefect deploy failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
