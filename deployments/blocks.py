"""Blocks: the only place on the server that holds secrets. A worker reads them when it starts a run."""

import json
from typing import Any, Final

from prefect.blocks.system import Secret
from prefect.blocks.webhook import Webhook

from deployments.environment import RUN, Installation

NAME: Final = "spatialcore"
GOOGLE_OPTIONS: Final = "spatialcore-gs"
SYNAPSE: Final = "spatialcore-synapse"


def save_blocks(here: Installation) -> list[str]:
    """Save a block for each credential that the environment has, and return their names."""
    saved = [_s3(here)] if here.aws or here.scheme == "s3" else []
    saved += [_gs(here)] if here.google or here.scheme == "gs" else []
    saved += [_secret(SYNAPSE, here.synapse)] if here.synapse else []
    saved += [_webhook(here.webhook)] if here.webhook else []
    return [name for names in saved for name in names]


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


def _s3(here: Installation) -> list[str]:
    from prefect_aws import AwsCredentials, S3Bucket
    from prefect_aws.client_parameters import AwsClientParameters

    keys: dict[str, Any] = {attribute: here.aws.get(name) for name, attribute in _AWS_SECRETS.items()}
    credentials = AwsCredentials(
        **keys,
        region_name=here.aws.get("AWS_DEFAULT_REGION"),
        aws_client_parameters=AwsClientParameters(endpoint_url=here.aws.get("AWS_ENDPOINT_URL")),
    )
    credentials.save(NAME, overwrite=True)
    names = [f"aws-credentials/{NAME}"]
    if here.scheme == "s3":
        bucket, prefix = here.bucket
        S3Bucket(bucket_name=bucket, bucket_folder=prefix, credentials=credentials).save(NAME, overwrite=True)
        names.append(f"s3-bucket/{NAME}")
    return names


def _gs(here: Installation) -> list[str]:
    from prefect_gcp import GcpCredentials
    from prefect_gcp.cloud_storage import GcsBucket

    account = json.loads(here.google) if here.google else None
    credentials = GcpCredentials(service_account_info=account)
    credentials.save(NAME, overwrite=True)
    names = [f"gcp-credentials/{NAME}"]
    if account is not None:
        # Runs read buckets through fsspec, which takes its options as JSON from the environment.
        names += _secret(GOOGLE_OPTIONS, json.dumps({"token": account}))
    if here.scheme == "gs":
        bucket, prefix = here.bucket
        GcsBucket(bucket=bucket, bucket_folder=prefix, gcp_credentials=credentials).save(NAME, overwrite=True)
        names.append(f"gcs-bucket/{NAME}")
    return names


def _secret(name: str, value: str) -> list[str]:
    Secret(value=value).save(name, overwrite=True)
    return [f"secret/{name}"]


def _webhook(url: str) -> list[str]:
    Webhook(method="POST", url=url).save(NAME, overwrite=True)
    return [f"webhook/{NAME}"]
