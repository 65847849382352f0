"""Blocks, the only objects on the server that hold secrets, and the environment by which runs get them.

A storage backend names its environment variables (``secret_variables`` and ``setting_variables``). Each secret is saved
in a ``Secret`` block, so that a new backend needs no code here. ``CLOUDS`` are the backends for which Prefect has block
classes of its own.
"""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prefect.blocks.system import Secret
from prefect.blocks.webhook import Webhook

from deployments.environment import RUN, Installation
from spatialcore.storage.backends import backend_of

if TYPE_CHECKING:
    from prefect_gcp import GcpCredentials

NAME: Final = "spatialcore"
SYNAPSE: Final = "spatialcore-synapse"


@dataclass(frozen=True)
class StorageCredentials:
    """Credentials of one storage backend.

    Parameters
    ----------
    scheme
        URI scheme of the backend.
    values
        Environment variable -> value; for a file with credentials, its content.
    """

    scheme: str
    values: dict[str, str] = field(default_factory=dict, repr=False)

    def save(self, bucket: str = "", prefix: str = "") -> list[str]:
        """Save the blocks.

        Parameters
        ----------
        bucket, prefix
            Bucket of the store and the prefix in it, if the store is of this scheme.

        Returns
        -------
        list of str
            ``type/name`` of each block.
        """
        return [_save_secret(self._block(name), self.values[name]) for name in self._secrets()]

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a run: settings as values, secrets as references to blocks."""
        return {**self.values, **{name: _reference("secret", self._block(name)) for name in self._secrets()}}

    def _secrets(self) -> list[str]:
        return [name for name in backend_of(self.scheme).secret_variables if name in self.values]

    def _block(self, variable: str) -> str:
        return f"{NAME}-{variable.lower().replace('_', '-')}"


class S3Credentials(StorageCredentials):
    """The keys in the block ``aws-credentials``, and the bucket in ``s3-bucket``."""

    ATTRIBUTES: Final = {
        "AWS_ACCESS_KEY_ID": "aws_access_key_id",
        "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
        "AWS_SESSION_TOKEN": "aws_session_token",
    }

    def save(self, bucket: str = "", prefix: str = "") -> list[str]:
        """Save the credentials, and the bucket if there is one."""
        from prefect_aws import AwsCredentials, S3Bucket
        from prefect_aws.client_parameters import AwsClientParameters

        credentials = AwsCredentials(
            aws_access_key_id=self.values.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=self.values.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=self.values.get("AWS_SESSION_TOKEN"),
            region_name=self.values.get("AWS_DEFAULT_REGION"),
            aws_client_parameters=AwsClientParameters(endpoint_url=self.values.get("AWS_ENDPOINT_URL")),
        )
        credentials.save(NAME, overwrite=True)
        if not bucket:
            return [f"aws-credentials/{NAME}"]
        S3Bucket(bucket_name=bucket, bucket_folder=prefix, credentials=credentials).save(NAME, overwrite=True)
        return [f"aws-credentials/{NAME}", f"s3-bucket/{NAME}"]

    def environment(self) -> dict[str, str]:
        """Return region and endpoint as values and the keys as references to the block."""
        references = {
            name: _reference("aws-credentials", f"{NAME}.{attribute}") for name, attribute in self.ATTRIBUTES.items()
        }
        return {name: references.get(name, value) for name, value in self.values.items()}


class GCSCredentials(StorageCredentials):
    """The service account in ``gcp-credentials`` and, for fsspec, in a secret; the bucket in ``gcs-bucket``."""

    OPTIONS: Final = f"{NAME}-gs"
    KEY_FILE: Final = "GOOGLE_APPLICATION_CREDENTIALS"

    def save(self, bucket: str = "", prefix: str = "") -> list[str]:
        """Save the credentials, and the bucket if there is one.

        Without a key file they are those of this machine. If it has none, nothing is saved: runs then use the
        credentials of their own platform, such as Workload Identity.
        """
        credentials = self._load()
        if credentials is None:
            return []
        credentials.save(NAME, overwrite=True)
        names = [f"gcp-credentials/{NAME}"]
        if self.KEY_FILE in self.values:
            names.append(_save_secret(self.OPTIONS, json.dumps({"token": json.loads(self.values[self.KEY_FILE])})))
        if bucket:
            from prefect_gcp.cloud_storage import GcsBucket

            GcsBucket(bucket=bucket, bucket_folder=prefix, gcp_credentials=credentials).save(NAME, overwrite=True)
            names.append(f"gcs-bucket/{NAME}")
        return names

    def environment(self) -> dict[str, str]:
        """Return the options of fsspec, through which runs open buckets, as a reference to the secret."""
        return {"FSSPEC_GS": _reference("secret", self.OPTIONS)} if self.KEY_FILE in self.values else {}

    def _load(self) -> "GcpCredentials | None":
        from google.auth.exceptions import DefaultCredentialsError
        from prefect_gcp import GcpCredentials

        account = self.values.get(self.KEY_FILE)
        try:
            return GcpCredentials(service_account_info=None if account is None else json.loads(account))
        except DefaultCredentialsError:
            return None


CLOUDS: Final[dict[str, type[StorageCredentials]]] = {"s3": S3Credentials, "gs": GCSCredentials}


def save_blocks(installation: Installation) -> list[str]:
    """Save a block for each credential in the environment.

    Parameters
    ----------
    installation
        The store, its bucket, and the credentials.

    Returns
    -------
    list of str
        ``type/name`` of each block.
    """
    names = []
    for credentials in _credentials_of(installation):
        bucket, prefix = installation.bucket if credentials.scheme == installation.scheme else ("", "")
        names += credentials.save(bucket, prefix)
    names += [_save_secret(SYNAPSE, installation.synapse)] if installation.synapse else []
    names += [_save_webhook(installation.webhook)] if installation.webhook else []
    return names


def run_environment(installation: Installation) -> dict[str, str]:
    """Return the environment variables of a run: settings as values, secrets as references to blocks."""
    environment = {**RUN, "SPATIALCORE_STORE": installation.store}
    environment |= {"SPATIALCORE_FILES_URL": installation.files} if installation.files else {}
    for credentials in _credentials_of(installation):
        environment |= credentials.environment()
    return environment | ({"SYNAPSE_AUTH_TOKEN": _reference("secret", SYNAPSE)} if installation.synapse else {})


def _credentials_of(installation: Installation) -> list[StorageCredentials]:
    """Return the credentials of each backend that has some, and of the backend of the store."""
    schemes = dict.fromkeys([*installation.credentials, installation.scheme])
    return [
        CLOUDS.get(scheme, StorageCredentials)(scheme, dict(installation.credentials.get(scheme, {})))
        for scheme in schemes
    ]


def _reference(kind: str, name: str) -> str:
    return f"{{{{ prefect.blocks.{kind}.{name} }}}}"


def _save_secret(name: str, value: str) -> str:
    Secret(value=value).save(name, overwrite=True)
    return f"secret/{name}"


def _save_webhook(url: str) -> str:
    Webhook(method="POST", url=url).save(NAME, overwrite=True)
    return f"webhook/{NAME}"
