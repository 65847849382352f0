"""Job templates for Kubernetes, Cloud Run and ECS: ``python -m deployments.job_template kubernetes > template.json``.

A template is that of Prefect's worker for the platform, with the defaults of ``deployments/jobs/*.yaml`` and the
environment of the runs: settings as values, secrets as references to blocks.
"""

import argparse
import importlib.resources
import json
import sys
from importlib import import_module
from typing import Any, Final

import yaml

from deployments.blocks import run_environment
from deployments.environment import Installation
from spatialcore.errors import DependencyError, InputError, SpatialCoreError

# Platform -> module, worker and the package to install.
WORKERS: Final = {
    "kubernetes": ("prefect_kubernetes.worker", "KubernetesWorker", "prefect-kubernetes"),
    "cloud-run-v2": ("prefect_gcp.workers.cloud_run_v2", "CloudRunWorkerV2", "prefect-gcp"),
    "ecs": ("prefect_aws.workers", "ECSWorker", "prefect-aws"),
}


def main() -> None:
    """Print the base job template of a platform as JSON."""
    parser = argparse.ArgumentParser(prog="python -m deployments.job_template", description=__doc__)
    parser.add_argument("platform", choices=sorted(WORKERS), help="where the runs are jobs")
    platform = parser.parse_args().platform
    try:
        print(json.dumps(job_template(platform, Installation.from_environment()), indent=1))
    except SpatialCoreError as error:
        sys.exit(str(error))


def job_template(platform: str, installation: Installation) -> dict[str, Any]:
    """Return the base job template of a work pool on a platform.

    Parameters
    ----------
    platform
        One of ``WORKERS``.
    installation
        Settings and credentials, from which the environment of the runs is made.

    Returns
    -------
    dict
        The template, as ``prefect work-pool create --base-job-template`` takes it.

    Raises
    ------
    DependencyError
        Prefect's package for the platform is not installed.
    InputError
        A default is not a variable of the worker.
    """
    template = _worker(platform).get_default_base_job_template()
    properties = template["variables"]["properties"]
    file = importlib.resources.files("deployments") / "jobs" / f"{platform}.yaml"
    for name, value in {**yaml.safe_load(file.read_text()), "env": run_environment(installation)}.items():
        if name not in properties:
            raise InputError(
                f"{platform}.yaml: unknown variable {name}", hint=f"known variables: {', '.join(sorted(properties))}"
            )
        properties[name]["default"] = value
    return dict(template)


def _worker(platform: str) -> Any:
    module, name, package = WORKERS[platform]
    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        raise DependencyError(f"{platform} needs {package}", hint=f"pip install {package}") from error


if __name__ == "__main__":
    main()
