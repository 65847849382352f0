"""Create the bucket of the store: ``python -m deployments.bucket``."""

import sys

from deployments.environment import Installation
from spatialcore.errors import SpatialCoreError
from spatialcore.storage.retry import attempt
from spatialcore.storage.uri import connect


def main() -> None:
    """Create the bucket of SPATIALCORE_STORE unless it exists, and print its name."""
    try:
        installation = Installation.from_environment()
        print(f"bucket       {create_bucket(installation.store, installation.bucket[0])}")
    except SpatialCoreError as error:
        sys.exit(str(error))


def create_bucket(store: str, bucket: str) -> str:
    """Create a bucket unless it exists.

    Parameters
    ----------
    store
        URI of the store.
    bucket
        Name of its bucket; empty for a folder, which needs none.

    Returns
    -------
    str
        The name of the bucket, or a text that there is none.

    Raises
    ------
    StorageError
        The bucket cannot be created.
    """
    if not bucket:
        return "none: the store is a folder"
    system, _ = connect(f"{store}/x")
    if not attempt(lambda: system.exists(bucket), what=f"look up the bucket {bucket}"):
        attempt(lambda: system.mkdir(bucket), what=f"create the bucket {bucket}")
    return bucket


if __name__ == "__main__":
    main()
