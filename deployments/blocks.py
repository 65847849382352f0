"""Blocks: the only place on the server that holds secrets. A worker reads them when it starts a run."""

import json
from collections.abc import Callable
from typing import Any, Final

from prefect.blocks.system import Secret
from prefect.blocks.webhook import Webhook

from deployments.environment import RUN, Installation

NAME: Final = "spatialcore"
GOOGLE_OPTIONS: Final = "spatialcore-gs"
SYNAPSE: Final = "spatialcore-synapse"


def save_blocks(here: Installation) -> list[str]:
    """Save a block for each credential that the environment has, and return their names."""
    names = [name for cloud in _CLOUDS if cloud in here.clouds for name in _save_cloud(here, cloud)]
    names += _secret(SYNAPSE, here.synapse) if here.synapse else []
    names += _webhook(here.webhook) if here.webhook else []
    return names


def _save_cloud(here: Installation, cloud: str) -> list[str]:
    """Save the credentials of a cloud, and the bucket of the store if it is there."""
    save_credentials, save_bucket = _CLOUDS[cloud]
    credentials, names = save_credentials(here)
    if cloud == here.cloud and credentials is not None:
        bucket, prefix = here.bucket
        names.append(save_bucket(credentials, bucket, prefix))
    return names


def run_environment(here: Installation) -> dict[str, str]:
    """Return the environment of a run: settings as they are, secrets as references to blocks."""
    environment = {**RUN, "SPATIALCORE_STORE": here.store}
    environment |= {"SPATIALCORE_FILES_URL": here.files} if here.files else {}
    for name, attribute in _AWS_SECRETS.items():
        if name in here.aws:
            environment[name] = f"{{{{ prefect.blocks.aws-credentials.{NAME}.{attribute} }}}}"
    environment |= {name: value for name, value in here.aws.items() if name not in _AWS_SECRETS}
    if here.google:
        environment["FSSPEC_GS"] = f"{{{{ prefect.blocks.secret.{GOOGLE_OPTIONS} }}}}"
    if here.synapse:
        environment["SYNAPSE_AUTH_TOKEN"] = f"{{{{ prefect.blocks.secret.{SYNAPSE} }}}}"
    return environment


_AWS_SECRETS: Final = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_SESSION_TOKEN": "aws_session_token",
}


def _save_aws_credentials(here: Installation) -> tuple[Any, list[str]]:
    from prefect_aws import AwsCredentials
    from prefect_aws.client_parameters import AwsClientParameters

    keys: dict[str, Any] = {attribute: here.aws.get(name) for name, attribute in _AWS_SECRETS.items()}
    credentials = AwsCredentials(
        **keys,
        region_name=here.aws.get("AWS_DEFAULT_REGION"),
        aws_client_parameters=AwsClientParameters(endpoint_url=here.aws.get("AWS_ENDPOINT_URL")),
    )
    credentials.save(NAME, overwrite=True)
    return credentials, [f"aws-credentials/{NAME}"]


def _save_s3_bucket(credentials: Any, bucket: str, prefix: str) -> str:
    from prefect_aws import S3Bucket

    S3Bucket(bucket_name=bucket, bucket_folder=prefix, credentials=credentials).save(NAME, overwrite=True)
    return f"s3-bucket/{NAME}"


def _save_google_credentials(here: Installation) -> tuple[Any, list[str]]:
    """Save the credentials of a key file, else those of the platform; none if this machine has neither.

    Runs then use the credentials of their own platform: Workload Identity, or a service account of the machine.
    """
    from google.auth.exceptions import DefaultCredentialsError
    from prefect_gcp import GcpCredentials

    account = json.loads(here.google) if here.google else None
    try:
        credentials = GcpCredentials(service_account_info=account)
    except DefaultCredentialsError:
        return None, []
    credentials.save(NAME, overwrite=True)
    names = [f"gcp-credentials/{NAME}"]
    if account is not None:
        # Runs read buckets through fsspec, which takes its options as JSON from the environment.
        names += _secret(GOOGLE_OPTIONS, json.dumps({"token": account}))
    return credentials, names


def _save_gcs_bucket(credentials: Any, bucket: str, prefix: str) -> str:
    from prefect_gcp.cloud_storage import GcsBucket

    GcsBucket(bucket=bucket, bucket_folder=prefix, gcp_credentials=credentials).save(NAME, overwrite=True)
    return f"gcs-bucket/{NAME}"


# Prefect has classes of its own for each cloud: for credentials and for a bucket.
_CLOUDS: Final[dict[str, tuple[Callable[[Installation], tuple[Any, list[str]]], Callable[[Any, str, str], str]]]] = {
    "s3": (_save_aws_credentials, _save_s3_bucket),
    "gs": (_save_google_credentials, _save_gcs_bucket),
}


def _secret(name: str, value: str) -> list[str]:
    Secret(value=value).save(name, overwrite=True)
    return [f"secret/{name}"]


def _webhook(url: str) -> list[str]:
    Webhook(method="POST", url=url).save(NAME, overwrite=True)
    return [f"webhook/{NAME}"]
