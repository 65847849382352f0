"""Set the service up on a Prefect server: ``python -m deployments.setup``. It can be repeated.

Work pool, queues, blocks, automations and deployments are created or updated. The environment variables (see
docs/operations.md) are read here only; secrets are saved in blocks.
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
from deployments.obsolete_deployments import Obsolete, delete_deployments, find_obsolete
from deployments.prefect_yaml import render
from deployments.preserve_user_state import preserved_user_state
from spatialcore.core.text.wording import number_of
from spatialcore.errors import SpatialCoreError


def main(arguments: list[str] | None = None) -> None:
    """Set the service up on the server of PREFECT_API_URL, and print its parts."""
    if not os.environ.get("PREFECT_API_URL"):
        sys.exit("PREFECT_API_URL is not set: set it to the URL of the server, such as http://127.0.0.1:4200/api")
    parser = argparse.ArgumentParser(prog="python -m deployments.setup", description=__doc__)
    parser.add_argument(
        "--remove",
        action="store_true",
        help="delete deployments whose tissue no longer exists, with their schedules and triggers",
    )
    options = parser.parse_args(arguments)
    try:
        installation = Installation.from_environment()
        with get_client(sync_client=True) as client:
            print("\n".join(set_up(client, installation, remove=options.remove)))
    except SpatialCoreError as error:
        sys.exit(str(error))


def set_up(client: SyncPrefectClient, installation: Installation, *, remove: bool = False) -> list[str]:
    """Create or update everything that the service needs on a server.

    Parameters
    ----------
    client
        Client of the server.
    installation
        Settings and credentials.
    remove
        Whether to delete deployments whose tissue no longer exists; otherwise they are listed.

    Returns
    -------
    list of str
        One line for each part, to be printed.
    """
    from deployments.work_pool import save_pool

    blocks = save_blocks(installation)
    save_pool(client, run_environment(installation), installation.runs_at_once)
    automations = save_automations(client, installation)
    deployments = definitions()
    with preserved_user_state(client, deployments):
        deploy(installation, deployments)
    obsolete = find_obsolete(client, deployments)
    if remove:
        delete_deployments(client, obsolete)
    return [
        f"store        {installation.store}",
        f"work pool    {POOL}: at most {number_of(installation.runs_at_once, 'run')} at once",
        f"blocks       {', '.join(blocks) or 'none: no credentials are set; runs use those of their platform'}",
        *(f"automation   {name}" for name in automations),
        f"deployments  {len(deployments)}",
        *_obsolete_lines(obsolete, removed=remove),
        "next         python -m deployments.worker",
    ]


def _obsolete_lines(obsolete: Sequence[Obsolete], *, removed: bool) -> list[str]:
    """Return a line for each obsolete deployment."""
    lines = [f"{'removed' if removed else 'obsolete':12} {each}" for each in obsolete]
    hint = "             their tissue no longer exists: python -m deployments.setup --remove deletes them"
    return lines if removed or not obsolete else [*lines, hint]


def deploy(installation: Installation, deployments: Sequence[Definition]) -> None:
    """Run ``prefect deploy --all`` with a prefect.yaml of these deployments; exit if it fails."""
    with TemporaryDirectory(prefix="spatialcore-") as folder:
        file = Path(folder) / "prefect.yaml"
        file.write_text(render(deployments))
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
        environment = {**os.environ, "SPATIALCORE_STORE": installation.store}
        process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if process.returncode:
        sys.exit(f"prefect deploy failed:\n{process.stdout}{process.stderr}")


if __name__ == "__main__":
    main()
